#include "control/status.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/report_json.h"
#include "control/current_problems.h"
#include "control/status_parts.h"
#include "pki/x509_facts.h"

namespace wssgate::control {
namespace {

using nlohmann::json;

constexpr std::size_t kMostNamesShown = 50;

using HostNames = std::map<const pki::Certificate*, std::set<std::string>>;

HostNames hosts_by_certificate(const gateway::Snapshot& snapshot) {
  HostNames hosts;
  snapshot.sites.for_each([&](const std::string& name, const gateway::Site& site) {
    for (const auto& served : site.certificates) hosts[served.certificate.get()].insert(name);
  });
  return hosts;
}

json staple_json(const std::optional<StapleStatus>& status) {
  if (!status) return {{"state", "off"}};
  const auto time = [](const auto& moment) {
    return moment ? json(pki::iso_time(*moment)) : json(nullptr);
  };
  return {{"state", staple_state_label(status->state)},
          {"this_update", time(status->this_update)},
          {"good_until", time(status->good_until)},
          {"why", status->why},
          {"since", time(status->since)},
          {"next_attempt", time(status->next_attempt)}};
}

json certificate_json(const pki::Certificate& certificate, const OcspStapler& stapler) {
  json names = json::array();
  for (const HostPattern& name : certificate.names) names.push_back(name.text());
  json chain = json::array();
  for (const pki::X509Ptr& intermediate : certificate.intermediates) {
    chain.push_back(pki::subject_label(intermediate.get()));
  }
  return {{"names", std::move(names)},
          {"chain", std::move(chain)},
          {"issuer", pki::issuer_label(certificate.leaf.get())},
          {"key", pki::describe_key(certificate.key.get())},
          {"fingerprint", certificate.fingerprint},
          {"not_before", pki::iso_time(certificate.not_before)},
          {"not_after", pki::iso_time(certificate.not_after)},
          {"ocsp", staple_json(stapler.status(certificate.fingerprint))}};
}

/// Those reasons only that there were.
json refusals_json(const gateway::RefusalCounts& counts) {
  json refusals = json::object();
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (counts.of(reason) > 0) refusals[std::string(reason_label(reason))] = counts.of(reason);
  }
  return refusals;
}

std::string_view on_disk(const gateway::CertificateState& state) {
  if (state.refused.empty()) return "served";
  return state.refused.front().severity == Severity::error ? "refused" : "waiting";
}

/// Each that is configured, with the hosts that it serves.
json all_certificates_json(const StatusSources& sources) {
  const gateway::Snapshot& snapshot = *sources.server.snapshot();
  const HostNames hosts = hosts_by_certificate(snapshot);
  json list = json::array();
  for (const gateway::CertificateState& state : snapshot.certificates) {
    json& one = list.emplace_back(certificate_json(state, sources.stapler));
    if (!state.served) continue;
    const auto served = hosts.find(state.served.get());
    one["served"]["hosts"] = served == hosts.end() ? json::array() : json(served->second);
  }
  return list;
}

json unverified_upstreams(const gateway::Snapshot& snapshot) {
  json names = json::array();
  for (const auto& [name, terms] : snapshot.upstream_tls) {
    if (!terms->verified) names.push_back(name);
  }
  return names;
}

std::string_view balance_label(upstream::Balance balance) {
  switch (balance) {
    case upstream::Balance::round_robin:
      return "round_robin";
    case upstream::Balance::random_two:
      return "random_two";
    case upstream::Balance::hash:
      return "hash";
    case upstream::Balance::least_connections:
      break;
  }
  return "least_connections";
}

std::string_view state_label(upstream::Health::State state) {
  switch (state) {
    case upstream::Health::State::probation:
      return "probation";
    case upstream::Health::State::ejected:
      return "ejected";
    case upstream::Health::State::unhealthy:
      return "unhealthy";
    case upstream::Health::State::healthy:
      break;
  }
  return "healthy";
}

json endpoints_json(const upstream::Upstream& upstream) {
  const auto now = upstream::Health::Clock::now();
  json endpoints = json::array();
  for (const upstream::Member& member : upstream.members()) {
    const upstream::Endpoint& endpoint = *member.endpoint;
    const std::uint32_t most = member.max_connections;
    endpoints.push_back({{"endpoint", endpoint.text},
                         {"state", state_label(endpoint.health.state(now))},
                         {"connections", endpoint.connections.load()},
                         {"max_connections", most == 0 ? json(nullptr) : json(most)},
                         {"weight", member.weight},
                         {"backup", member.backup}});
  }
  return endpoints;
}

/// In the configuration's order.
json upstreams_json(const gateway::Snapshot& snapshot) {
  json upstreams = json::array();
  for (const config::Upstream& configured : snapshot.config.upstreams) {
    const upstream::Upstream& upstream = *snapshot.upstreams.at(configured.name);
    upstreams.push_back(upstream_json(upstream));
  }
  return upstreams;
}

json tunnels_json(const Server& server, const gateway::TunnelCounts& counts) {
  json ended = json::array();
  for (const auto& [end, count] : counts.by_end()) {
    ended.push_back({{"by", side_label(end.by)},
                     {"reason", reason_label(end.reason)},
                     {"code", end.code == 0 ? json(nullptr) : json(end.code)},
                     {"tunnels", count.tunnels},
                     {"open_ms", count.open.count()}});
  }
  return {{"open", server.open_tunnels()}, {"ended", ended}};
}

json drain_json(const Server& server, const gateway::DrainTarget& target,
                std::chrono::steady_clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<Duration>(deadline - std::chrono::steady_clock::now());
  return {{"target", target.text()},
          {"tunnels_left", server.open_tunnels(target)},
          {"ms_left", std::max<Duration::rep>(0, left.count())}};
}

json log_lines_dropped() {
  json lines = json::object();
  for (const log::Dropped& dropped : log::dropped())
    lines[std::string(dropped.log)] = dropped.lines;
  return lines;
}

json draining_json(const StatusSources& sources) {
  json drains = json::array();
  if (const auto deadline = sources.shutdown.deadline()) {
    drains.push_back(drain_json(sources.server, {}, *deadline));
  }
  for (const PartialDrains::Drain& drain : sources.partial_drains.all()) {
    drains.push_back(drain_json(sources.server, drain.target, drain.deadline));
  }
  return drains;
}

}  // namespace

void add_problems(const CurrentProblems& problems, nlohmann::json& to) {
  json list = json::array();
  for (const CurrentProblem& problem : problems) {
    if (list.size() == kMostProblemsShown) break;
    const bool alarms = problem.level == CurrentProblem::Level::alarm;
    list.push_back({{"level", alarms ? "alarm" : "warning"},
                    {"kind", problem.kind},
                    {"about", problem.about},
                    {"message", problem.message},
                    {"hint", problem.hint}});
  }
  to["problems_left_out"] = problems.size() - list.size();
  to["problems"] = std::move(list);
}

nlohmann::json refused_names_json(const gateway::RefusedNames& refused,
                                  const StatusSources& sources, std::size_t most) {
  const std::vector<gateway::RefusedNames::Named> top = refused.top(most);
  std::vector<std::string> names;
  names.reserve(top.size());
  for (const auto& [name, count] : top) names.push_back(name);
  const auto nearest = sources.nearest_names.of(names, sources.server.snapshot());
  json list = json::array();
  for (std::size_t i = 0; i < top.size(); ++i) {
    const auto& [name, count] = top[i];
    list.push_back({{"name", name},
                    {"times", count.times},
                    {"at_least", count.at_least()},
                    {"last", pki::iso_time(count.last)},
                    {"nearest", nearest[i] ? json(*nearest[i]) : json(nullptr)}});
  }
  return {{"names", std::move(list)}, {"distinct", refused.size()}, {"evicted", refused.evicted()}};
}

nlohmann::json certificate_json(const gateway::CertificateState& state,
                                const OcspStapler& stapler) {
  return {{"chain_file", state.source.chain_file},
          {"key_file", state.source.key_file},
          {"served", state.served ? certificate_json(*state.served, stapler) : json(nullptr)},
          {"on_disk", on_disk(state)},
          {"on_disk_not_after",
           state.on_disk_not_after ? json(pki::iso_time(*state.on_disk_not_after)) : json(nullptr)},
          {"problems", wssgate::to_json(state.refused)}};
}

nlohmann::json upstream_json(const upstream::Upstream& upstream) {
  return {{"name", upstream.name()},
          {"balance", balance_label(upstream.terms().balance)},
          {"waiting", upstream.queue()->waiting()},
          {"endpoints", endpoints_json(upstream)}};
}

nlohmann::json status(const StatusSources& sources) {
  const Server& server = sources.server;
  const gateway::Snapshot& snapshot = *server.snapshot();
  const gateway::Figures figures = server.figures();
  const auto without_certificate =
      sources.facts.without_certificate(std::chrono::system_clock::now());
  json listeners = json::array();
  for (const SocketAddress& address : server.addresses()) listeners.push_back(address.text());
  json all = {
      {"version", WSSGATE_VERSION},
      {"pid", ::getpid()},
      {"started", pki::iso_time(sources.started)},
      {"config", snapshot.config.file},
      {"listeners", listeners},
      {"workers", server.workers()},
      {"connections", server.open_connections()},
      {"refused", refusals_json(server.refused())},
      {"refused_names", refused_names_json(figures.refused_names, sources, kMostNamesShown)},
      {"tunnels", tunnels_json(server, figures.tunnel_ends)},
      {"draining", draining_json(sources)},
      {"log_lines_dropped", log_lines_dropped()},
      {"last_reload", to_json(sources.reloader.last())},
      {"unverified_upstreams", unverified_upstreams(snapshot)},
      {"hosts_without_certificate", without_certificate},
      {"upstreams", upstreams_json(snapshot)},
      {"certificates", all_certificates_json(sources)}};
  add_problems(current_problems(sources, without_certificate), all);
  return all;
}

nlohmann::json certificates(const StatusSources& sources) {
  return {{"certificates", all_certificates_json(sources)}};
}

nlohmann::json connections_json(const std::vector<gateway::OpenConnection>& found, std::size_t most,
                                std::uint64_t open) {
  json list = json::array();
  for (const gateway::OpenConnection& each : found) {
    if (list.size() == most) break;
    list.push_back({{"id", each.id},
                    {"phase", each.phase},
                    {"age_ms", each.age.count()},
                    {"client", each.client},
                    {"server_name", each.server_name},
                    {"host", each.host},
                    {"tls", each.tls},
                    {"endpoint", each.endpoint},
                    {"bytes_received", each.from_client.bytes},
                    {"bytes_sent", each.from_upstream.bytes},
                    {"messages_received", each.from_client.messages},
                    {"messages_sent", each.from_upstream.messages}});
  }
  return {{"connections", list}, {"open", open}, {"more", found.size() > most}};
}

nlohmann::json to_json(const Reload& reload) {
  return {{"ok", reload.ok()},
          {"changed", reload.changed},
          {"cause", reload.cause},
          {"at", pki::iso_time(reload.at)},
          {"took_ms", reload.took.count()},
          {"refused", wssgate::to_json(reload.refused)},
          {"held", wssgate::to_json(reload.held)},
          {"warnings", wssgate::to_json(reload.warnings)}};
}

}  // namespace wssgate::control
