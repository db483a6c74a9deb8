#include "control/metrics.h"

#include <openssl/crypto.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "base/log.h"
#include "base/text.h"
#include "control/metric_families.h"
#include "control/process_facts.h"

namespace wssgate::control {
namespace {

double seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

std::string text(std::string_view view) { return std::string(view); }

void add_process(MetricFamilies& families, const StatusSources& sources) {
  families.gauge("wssgate_build_info", "1, with what this process was made of.")
      .value(1,
             {{"version", WSSGATE_VERSION}, {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)}});
  const ProcessFacts facts = process_facts();
  families.counter("process_cpu_seconds_total", "CPU time, of users and of the system.")
      .value(facts.cpu_seconds);
  families.gauge("process_resident_memory_bytes", "Memory that is resident.")
      .value(static_cast<double>(facts.resident_bytes));
  families.gauge("process_open_fds", "Open file descriptors; each tunnel has two.")
      .value(static_cast<double>(facts.open_descriptors));
  families.gauge("process_max_fds", "File descriptors that may be open.")
      .value(static_cast<double>(facts.most_descriptors));
  families.gauge("process_start_time_seconds", "When the process started, as a Unix time.")
      .value(seconds(sources.started));
}

void add_connections(MetricFamilies& families, const Server& server,
                     const gateway::Telemetry& telemetry) {
  families.counter("wssgate_connections_total", "Client connections that were accepted.")
      .value(static_cast<double>(telemetry.connections));
  families.gauge("wssgate_connections_open", "Client connections that are open.")
      .value(static_cast<double>(server.open_connections()));
  auto refusals = families.counter(
      "wssgate_refusals_total",
      "What was refused: connections, handshakes and requests, by the reason that logs show.");
  for (std::size_t i = 1; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    // Those of zero too: else the first is not seen as an increase.
    refusals.value(static_cast<double>(server.refused().of(reason)),
                   {{"reason", text(reason_label(reason))}});
  }
}

void add_workers(MetricFamilies& families, const Server::Counted& counted) {
  auto lag = families.gauge("wssgate_worker_lag_seconds",
                            "How long this very question waited for the worker's turn.");
  for (std::size_t i = 0; i < counted.workers.size(); ++i) {
    lag.value(std::chrono::duration<double>(counted.workers[i].lag).count(),
              {{"worker", std::to_string(i)}});
  }
  auto turns = families.histogram(
      "wssgate_worker_turn_duration_seconds",
      "A turn of a worker's loop, without its waiting: what is ready meanwhile waits so long.");
  for (std::size_t i = 0; i < counted.workers.size(); ++i) {
    turns.value(counted.workers[i].turns, {{"worker", std::to_string(i)}});
  }
}

void add_handshakes(MetricFamilies& families, const gateway::Telemetry& telemetry) {
  auto completed = families.counter(
      "wssgate_handshakes_total",
      "TLS handshakes that were completed. The key is the certificate's, where one was shown.");
  for (const auto& [kind, count] : telemetry.handshakes) {
    completed.value(static_cast<double>(count), {{"version", text(kind.version)},
                                                 {"resumed", kind.resumed ? "yes" : "no"},
                                                 {"key", text(kind.key)}});
  }
  auto failed = families.counter("wssgate_handshake_failures_total",
                                 "TLS handshakes that began and failed, by the reason.");
  std::map<Reason, std::uint64_t> failures = telemetry.failed_handshakes;
  // The usual ones of zero too: else the first is not seen as an increase.
  for (const Reason reason : {Reason::handshake_failed, Reason::handshake_timeout,
                              Reason::client_closed, Reason::client_reset}) {
    failures.try_emplace(reason, 0);
  }
  for (const auto& [reason, count] : failures) {
    failed.value(static_cast<double>(count), {{"reason", text(reason_label(reason))}});
  }
  families
      .histogram("wssgate_handshake_duration_seconds",
                 "From the ClientHello to the end of the handshake, the client's network included.")
      .value(telemetry.handshake);
}

void add_requests(MetricFamilies& families, const gateway::Telemetry& telemetry) {
  auto requests = families.counter(
      "wssgate_requests_total",
      "HTTP requests that ended, by the status that the client got (0: none). Not tunnels.");
  auto bytes = families.counter("wssgate_request_body_bytes_total",
                                "Bodies of requests, from the client, and of their responses.");
  const auto add = [&](const std::string& host, const gateway::HostCounts& counts) {
    for (const auto& [status, count] : counts.requests) {
      const bool known = status != gateway::kOtherStatus;
      requests.value(static_cast<double>(count),
                     {{"host", host}, {"code", known ? std::to_string(status) : "other"}});
    }
  };
  for (const auto& [host, counts] : telemetry.hosts) {
    add(host, counts);
    bytes.value(static_cast<double>(counts.request_bytes), {{"host", host}, {"from", "client"}});
    bytes.value(static_cast<double>(counts.response_bytes), {{"host", host}, {"from", "upstream"}});
  }
  add(gateway::kNoHost, telemetry.no_host);
  families
      .histogram("wssgate_request_duration_seconds",
                 "From a request's first byte to the last of its response.")
      .value(telemetry.request);
}

/// As TunnelEnd's classes have them.
std::string code_label(std::uint16_t code) {
  if (code == 0) return "none";
  if (code >= 3000) return code >= 4000 ? "4xxx" : "3xxx";
  return std::to_string(code);
}

void add_tunnels_by_host(MetricFamilies& families, const gateway::Telemetry& telemetry) {
  auto opened = families.counter("wssgate_tunnels_opened_total", "WebSockets that were opened.");
  auto open = families.gauge("wssgate_tunnels_open", "WebSockets that are open.");
  auto age = families.gauge(
      "wssgate_tunnels_open_age_seconds",
      "The ages of open WebSockets, added up: by wssgate_tunnels_open it is their mean.");
  auto bytes = families.counter("wssgate_tunnel_bytes_total",
                                "Bytes of WebSocket frames that were passed on, as they went.");
  auto messages =
      families.counter("wssgate_tunnel_messages_total", "WebSocket messages that were passed on.");
  const auto add = [&](const std::string& host, const char* from, const gateway::Traffic& traffic) {
    bytes.value(static_cast<double>(traffic.bytes), {{"host", host}, {"from", from}});
    messages.value(static_cast<double>(traffic.messages), {{"host", host}, {"from", from}});
  };
  const auto now = gateway::since_start_of_clock(gateway::TelemetryClock::now());
  for (const auto& [host, counts] : telemetry.hosts) {
    const auto count = static_cast<std::int64_t>(counts.tunnels_begun - counts.tunnels_ended);
    opened.value(static_cast<double>(counts.tunnels_begun), {{"host", host}});
    open.value(static_cast<double>(count), {{"host", host}});
    age.value(std::chrono::duration<double>(count * now - counts.open_since).count(),
              {{"host", host}});
    add(host, "client", counts.from_client);
    add(host, "upstream", counts.from_upstream);
  }
}

void add_tunnels(MetricFamilies& families, const gateway::Telemetry& telemetry) {
  add_tunnels_by_host(families, telemetry);
  auto ended = families.counter(
      "wssgate_tunnels_ended_total",
      "WebSockets that ended: who ended it, the reason that logs show, and the code of its Close.");
  for (const auto& [end, count] : telemetry.tunnel_end_classes) {
    ended.value(static_cast<double>(count), {{"ended_by", text(side_label(end.by))},
                                             {"reason", text(reason_label(end.reason))},
                                             {"code", code_label(end.code)}});
  }
  families.histogram("wssgate_tunnel_duration_seconds", "How long WebSockets that ended were open.")
      .value(telemetry.tunnel_life);
  families
      .histogram("wssgate_ping_answer_seconds",
                 "From a ping of wssgate's to the first byte that came behind it.")
      .value(telemetry.ping[0], {{"side", "client"}})
      .value(telemetry.ping[1], {{"side", "upstream"}});
}

void add_passthrough(MetricFamilies& families, const gateway::Telemetry& telemetry) {
  auto ended = families.counter("wssgate_passthrough_connections_total",
                                "Connections that were passed through and ended.");
  auto open = families.gauge("wssgate_passthrough_connections_open",
                             "Connections that are passed through now.");
  auto bytes =
      families.counter("wssgate_passthrough_bytes_total", "What was passed through, as it went.");
  for (const auto& [host, counts] : telemetry.hosts) {
    if (counts.passed_through == 0 && counts.passing_through == 0) continue;
    ended.value(static_cast<double>(counts.passed_through), {{"host", host}});
    open.value(static_cast<double>(counts.passing_through), {{"host", host}});
    bytes.value(static_cast<double>(counts.passed_from_client),
                {{"host", host}, {"from", "client"}});
    bytes.value(static_cast<double>(counts.passed_from_upstream),
                {{"host", host}, {"from", "upstream"}});
  }
}

void add_upstreams(MetricFamilies& families, const gateway::Snapshot& snapshot,
                   const gateway::Telemetry& telemetry) {
  auto connect = families.histogram("wssgate_upstream_connect_duration_seconds",
                                    "For a new connection to an endpoint, its TLS included.");
  for (const auto& [name, counts] : telemetry.upstreams) {
    connect.value(counts.connect, {{"upstream", name}});
  }
  auto response = families.histogram("wssgate_upstream_response_duration_seconds",
                                     "Until the head of an endpoint's response came.");
  for (const auto& [name, counts] : telemetry.upstreams) {
    response.value(counts.response, {{"upstream", name}});
  }
  auto errors = families.counter("wssgate_upstream_errors_total",
                                 "Requests and WebSockets that an upstream failed, by reason.");
  for (const auto& [name, counts] : telemetry.upstreams) {
    for (const auto& [reason, count] : counts.errors) {
      errors.value(static_cast<double>(count),
                   {{"upstream", name}, {"reason", text(reason_label(reason))}});
    }
  }
  auto waiting = families.gauge("wssgate_upstream_queue_length",
                                "Requests that wait for an endpoint with a place.");
  for (const auto& [name, upstream] : snapshot.upstreams) {
    waiting.value(static_cast<double>(upstream->queue()->waiting()), {{"upstream", name}});
  }
  const auto now = upstream::Health::Clock::now();
  const auto each_endpoint = [&](const auto& visit) {
    for (const auto& [name, upstream] : snapshot.upstreams) {
      for (const upstream::Member& member : upstream->members()) {
        visit(Labels{{"upstream", name}, {"endpoint", member.endpoint->text}}, *member.endpoint);
      }
    }
  };
  auto well = families.gauge(
      "wssgate_endpoint_up",
      "1 where an endpoint is well, by requests and checks; also while it is drained.");
  each_endpoint([&](Labels labels, const upstream::Endpoint& endpoint) {
    well.value(endpoint.health.is_well(now) ? 1 : 0, std::move(labels));
  });
  auto in_flight = families.gauge("wssgate_endpoint_connections",
                                  "Requests and WebSockets that an endpoint has now.");
  each_endpoint([&](Labels labels, const upstream::Endpoint& endpoint) {
    in_flight.value(endpoint.connections.load(), std::move(labels));
  });
}

void keep_first(std::optional<std::chrono::system_clock::time_point>& first,
                std::chrono::system_clock::time_point time) {
  first = std::min(first.value_or(time), time);
}

/// A file with two keys is one series: the one that ends first, and whether any is held back.
struct FileCertificates {
  std::optional<std::chrono::system_clock::time_point> ends;
  std::optional<std::chrono::system_clock::time_point> on_disk_ends;
  bool held_back = false;
};

void add_certificates(MetricFamilies& families, const gateway::Snapshot& snapshot,
                      const OcspStapler& stapler) {
  std::map<std::string, FileCertificates> files;
  std::multimap<std::string, std::string> files_of;  // by fingerprint
  for (const gateway::CertificateState& state : snapshot.certificates) {
    FileCertificates& file = files[state.source.chain_file];
    file.held_back |= !state.refused.empty();
    if (state.on_disk_not_after) keep_first(file.on_disk_ends, *state.on_disk_not_after);
    if (!state.served) continue;
    keep_first(file.ends, state.served->not_after);
    files_of.emplace(state.served->fingerprint, state.source.chain_file);
  }
  auto ends = families.gauge("wssgate_certificate_not_after_timestamp_seconds",
                             "When the certificate that serves expires, as a Unix time.");
  for (const auto& [file, certificates] : files) {
    if (certificates.ends) ends.value(seconds(*certificates.ends), {{"file", file}});
  }
  auto on_disk_ends = families.gauge("wssgate_certificate_on_disk_not_after_timestamp_seconds",
                                     "When what is on the disk expires, whether it serves or not.");
  for (const auto& [file, certificates] : files) {
    if (certificates.on_disk_ends) {
      on_disk_ends.value(seconds(*certificates.on_disk_ends), {{"file", file}});
    }
  }
  auto held_back = families.gauge(
      "wssgate_certificate_held_back",
      "1 where what is on the disk does not serve, since it is no good or waits for its staple.");
  for (const auto& [file, certificates] : files) {
    held_back.value(certificates.held_back ? 1 : 0, {{"file", file}});
  }
  std::map<std::string, const StapleStatus*> staples;  // by file
  const auto all = stapler.status();
  for (const StapleStatus& staple : all) {
    const auto [first, last] = files_of.equal_range(staple.fingerprint);
    for (auto file = first; file != last; ++file) staples[file->second] = &staple;
  }
  auto updated = families.gauge("wssgate_staple_this_update_timestamp_seconds",
                                "When the CA vouched for what an OCSP staple says, as a Unix time: "
                                "its age is time() less it.");
  for (const auto& [file, staple] : staples) {
    if (staple->this_update) updated.value(seconds(*staple->this_update), {{"file", file}});
  }
  auto good_until = families.gauge("wssgate_staple_good_until_timestamp_seconds",
                                   "Until when an OCSP staple holds, as a Unix time.");
  for (const auto& [file, staple] : staples) {
    if (staple->good_until) good_until.value(seconds(*staple->good_until), {{"file", file}});
  }
  auto state = families.gauge("wssgate_staple_state", "1, with the state of an OCSP staple.");
  for (const auto& [file, staple] : staples) {
    state.value(1, {{"file", file}, {"state", text(staple_state_label(staple->state))}});
  }
}

void add_logs(MetricFamilies& families) {
  auto lost =
      families.counter("wssgate_log_lines_dropped_total",
                       "Lines of a log that were lost: its reader too slow, its disk full.");
  for (const log::Dropped& dropped : log::dropped()) {
    lost.value(static_cast<double>(dropped.lines), {{"log", text(dropped.log)}});
  }
}

void add_operation(MetricFamilies& families, const StatusSources& sources) {
  const Reloader::Counts& counts = sources.reloader.counts();
  families
      .counter("wssgate_reloads_total",
               "Reloads: good, or refused, wholly or for some of the certificates.")
      .value(static_cast<double>(counts.good), {{"result", "good"}})
      .value(static_cast<double>(counts.refused), {{"result", "refused"}});
  families.gauge("wssgate_last_reload_good", "1 where what is on the disk is what serves.")
      .value(sources.reloader.last().ok() ? 1 : 0);
  families.gauge("wssgate_last_reload_timestamp_seconds", "When it was, as a Unix time.")
      .value(seconds(sources.reloader.last().at));
  families.gauge("wssgate_draining", "1 where the process ends when its connections have.")
      .value(sources.shutdown.deadline() ? 1 : 0);
}

/// It is among what is accepted, and not with a weight of nothing (RFC 9110 §12.5.1).
bool wants_open_metrics(std::string_view accept) {
  for (const std::string_view range : split(accept, ',')) {
    const auto parts = split(range, ';');
    if (!iequals(parts.front(), "application/openmetrics-text")) continue;
    return std::none_of(parts.begin() + 1, parts.end(), [](std::string_view part) {
      return part.starts_with("q=0") && part.find_first_not_of("0.", 2) == std::string_view::npos;
    });
  }
  return false;
}

/// OpenMetrics names a counter's family without the suffix of its samples, and says where it ends.
std::string as_open_metrics(const std::string& prometheus_text) {
  constexpr std::string_view kTotal = "_total";
  std::istringstream lines(prometheus_text);
  std::string out;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ")) {
      const auto name_end = line.find(' ', line.find(' ', 2) + 1);
      const std::string_view name = std::string_view(line).substr(0, name_end);
      if (name.ends_with(kTotal)) line.erase(name_end - kTotal.size(), kTotal.size());
    }
    out += line + '\n';
  }
  return out + "# EOF\n";
}

}  // namespace

Metrics metrics(const StatusSources& sources, std::string_view accept) {
  const Server& server = sources.server;
  const Server::Counted counted = server.counted();
  const gateway::Telemetry& telemetry = counted.telemetry;
  MetricFamilies families;
  add_process(families, sources);
  add_connections(families, server, telemetry);
  add_workers(families, counted);
  add_handshakes(families, telemetry);
  add_requests(families, telemetry);
  add_tunnels(families, telemetry);
  add_passthrough(families, telemetry);
  add_upstreams(families, *server.snapshot(), telemetry);
  add_certificates(families, *server.snapshot(), sources.stapler);
  add_operation(families, sources);
  add_logs(families);
  std::string text = prometheus::TextSerializer().Serialize(families.all());
  if (!wants_open_metrics(accept)) {
    return {std::move(text), "text/plain; version=0.0.4; charset=utf-8"};
  }
  return {as_open_metrics(text), "application/openmetrics-text; version=1.0.0; charset=utf-8"};
}

}  // namespace wssgate::control
