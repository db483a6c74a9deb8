#include "control/dashboard.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/report_json.h"
#include "control/status_parts.h"
#include "pki/x509_facts.h"

namespace wssgate::control {
namespace {

using nlohmann::json;

constexpr std::size_t kMostUpstreams = 60;
constexpr std::size_t kMostHosts = 24;
constexpr std::size_t kMostNames = 20;
/// What a chart is wide.
struct Window {
  std::size_t points = 0;
  /// Steps of the history that are one of its points.
  std::size_t steps_a_point = 1;
};
// The hour in half minutes; a process that has just begun has its first ten minutes in full.
constexpr Window kHour{.points = History::kSteps / 3, .steps_a_point = 3};
constexpr Window kBeginning{.points = 60, .steps_a_point = 1};

constexpr std::string_view kPolicy =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n";

json upstreams(const gateway::Snapshot& snapshot) {
  const auto now = upstream::Health::Clock::now();
  std::vector<std::pair<std::size_t, const upstream::Upstream*>> all;
  for (const config::Upstream& configured : snapshot.config.upstreams) {
    const upstream::Upstream& upstream = *snapshot.upstreams.at(configured.name);
    const auto& members = upstream.members();
    const auto well = std::count_if(members.begin(), members.end(), [&](const auto& member) {
      return member.endpoint->health.is_well(now);
    });
    all.emplace_back(static_cast<std::size_t>(well) == members.size() ? 1 : 0, &upstream);
  }
  // Those with somebody down first, in the configuration's order.
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  json list = json::array();
  for (const auto& [well, upstream] : all) {
    if (list.size() == kMostUpstreams) break;
    list.push_back(upstream_json(*upstream));
  }
  return list;
}

/// Charts have one number where the history has some: the mean.
template <class Value>
json series(const History::Points& points, std::size_t steps, const Value& value) {
  json list = json::array();
  // From the end, so that a point stays what it was while others come.
  const std::size_t first = points.size() % steps;
  for (std::size_t at = first; at < points.size(); at += steps) {
    double sum = 0;
    for (std::size_t i = at; i < at + steps; ++i) sum += value(points[i]);
    list.push_back(std::round(sum / static_cast<double>(steps) * 10) / 10);
  }
  return list;
}

double tunnels_of(const History::Point& point) { return point.tunnels; }
double requests_of(const History::Point& point) { return point.requests; }
double messages_of(const History::Point& point) { return point.messages; }
double bytes_of(const History::Point& point) {
  return static_cast<double>(point.bytes_from_clients) + point.bytes_from_upstreams;
}

/// The last step, and the charts of the hour.
json traffic_json(const History::Points& points, std::size_t steps) {
  const History::Point now = points.empty() ? History::Point() : points.back();
  return {{"tunnels", now.tunnels},
          {"requests_per_second", now.requests},
          {"messages_per_second", now.messages},
          {"bytes_from_clients_per_second", now.bytes_from_clients},
          {"bytes_from_upstreams_per_second", now.bytes_from_upstreams},
          {"history",
           {{"tunnels", series(points, steps, tunnels_of)},
            {"requests", series(points, steps, requests_of)},
            {"messages", series(points, steps, messages_of)},
            {"bytes", series(points, steps, bytes_of)}}}};
}

/// The busiest ones. Tunnels are told as they are now.
json hosts_json(const History& history, std::size_t steps, const gateway::Figures& figures) {
  std::vector<std::pair<double, const std::string*>> busiest;
  for (const auto& [name, host] : history.hosts()) busiest.emplace_back(host.busy, &name);
  std::sort(busiest.begin(), busiest.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : *a.second < *b.second;
  });
  json list = json::array();
  for (const auto& [busy, name] : busiest) {
    if (list.size() == kMostHosts) break;
    json host = traffic_json(history.hosts().at(*name).points, steps);
    host["host"] = *name;
    const auto found = figures.hosts.find(*name);
    if (found != figures.hosts.end()) host["tunnels"] = found->second.tunnels_open();
    list.push_back(std::move(host));
  }
  return list;
}

json certificates_json(const StatusSources& sources) {
  json list = json::array();
  for (const gateway::CertificateState* state : sources.facts.most_urgent()) {
    list.push_back(certificate_json(*state, sources.stapler));
  }
  return list;
}

json endings_json(const History::Recent& recent) {
  json list = json::array();
  for (const auto& [end, tunnels] : recent.tunnel_ends) {
    list.push_back({{"by", side_label(end.by)},
                    {"reason", reason_label(end.reason)},
                    {"code", end.code == 0 ? json(nullptr) : json(end.code)},
                    {"tunnels", tunnels}});
  }
  std::stable_sort(list.begin(), list.end(), [](const json& a, const json& b) {
    return a.at("tunnels").get<std::uint64_t>() > b.at("tunnels").get<std::uint64_t>();
  });
  return list;
}

json refusals_json(const History::Refusals& refusals, const History::Refusals& recent) {
  json list = json::array();
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    if (refusals[i] == 0) continue;
    list.push_back({{"reason", reason_label(static_cast<Reason>(i))},
                    {"recently", recent[i]},
                    {"since_start", refusals[i]}});
  }
  return list;
}

/// Newest first.
json reloads_json(const ReloadHistory& history) {
  json list = json::array();
  for (auto entry = history.entries().rbegin(); entry != history.entries().rend(); ++entry) {
    json reload = to_json(entry->reload);
    reload["times"] = entry->times;
    reload["last"] = pki::iso_time(entry->last);
    reload["problems_left_out"] = entry->problems_left_out;
    list.push_back(std::move(reload));
  }
  return list;
}

json listeners_json(const Server& server) {
  json listeners = json::array();
  for (const SocketAddress& address : server.addresses()) listeners.push_back(address.text());
  return listeners;
}

}  // namespace

AdminAnswer serve_dashboard_file(const DashboardFile& file, const AdminRequest& request) {
  constexpr int kNotModified = 304;
  return {.status = request.if_none_match == file.etag ? kNotModified : 200,
          .body = std::string(file.content),
          .content_type = file.content_type,
          .cache_control = "no-cache",
          .fields = fmt::format("{}ETag: {}\r\n", kPolicy, file.etag)};
}

nlohmann::json dashboard(const StatusSources& sources) {
  Server& server = sources.server;
  const gateway::Snapshot& snapshot = *server.snapshot();
  const gateway::Figures& figures = server.figures_by_host();
  const History::Refusals refusals = refusals_of(server.refused());
  const auto recent = sources.history.recent(History::Clock::now(), figures, refusals);
  const Window& window = sources.history.all().size() <= kBeginning.points ? kBeginning : kHour;
  json all = {{"version", WSSGATE_VERSION},
              {"pid", ::getpid()},
              {"started", pki::iso_time(sources.started)},
              {"now", pki::iso_time(std::chrono::system_clock::now())},
              {"config", snapshot.config.file},
              {"listeners", listeners_json(server)},
              {"workers", server.workers()},
              {"connections", server.open_connections()},
              {"tunnels", figures.all.tunnels_open()},
              {"certificates", certificates_json(sources)},
              {"certificates_in_all", snapshot.certificates.size()},
              {"refused_names", refused_names_json(figures.refused_names, sources, kMostNames)},
              {"refusals", refusals_json(refusals, recent.refusals)},
              {"recent_seconds", recent.span.count()},
              {"traffic", traffic_json(sources.history.all(), window.steps_a_point)},
              {"hosts", hosts_json(sources.history, window.steps_a_point, figures)},
              {"hosts_seen", figures.hosts.size()},
              {"history_step_seconds", History::kStep.count() * window.steps_a_point},
              {"history_steps", window.points},
              {"upstreams", upstreams(snapshot)},
              {"upstreams_in_all", snapshot.config.upstreams.size()},
              {"endings", endings_json(recent)},
              {"reloads", reloads_json(sources.reloader.history())}};
  const auto now = std::chrono::system_clock::now();
  add_problems(current_problems(sources, sources.facts.without_certificate(now)), all);
  return all;
}

}  // namespace wssgate::control
