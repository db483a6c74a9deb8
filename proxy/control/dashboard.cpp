#include "control/dashboard.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/report_json.h"
#include "control/charts.h"
#include "control/status_parts.h"
#include "pki/x509_facts.h"

namespace wssgate::control {
namespace {

using nlohmann::json;

constexpr std::size_t kMostUpstreams = 60;
constexpr std::size_t kMostHosts = 24;
constexpr std::size_t kMostNames = 20;
// The hour in half minutes; a process that has just begun has its first ten minutes in full.
constexpr ChartWindow kHour{.points = History::kSteps / 3, .steps_a_point = 3};
constexpr ChartWindow kBeginning{.points = 60, .steps_a_point = 1};

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

/// Of the history, which all charts show.
struct Window {
  ChartWindow chart;
  std::uint64_t steps = 0;
};

json chart_json(const History::Points& points, const Window& window, ChartOf what) {
  const Chart chart = chart_of(points, window.steps, window.chart, what);
  return {{"points", chart.points}, {"most", chart.most}};
}

/// The last step.
json rates_json(const History::Points& points) {
  const History::Point now = points.empty() ? History::Point() : points.back();
  return {{"requests_per_second", now.requests},
          {"messages_per_second", now.messages},
          {"bytes_from_clients_per_second", now.bytes_from_clients},
          {"bytes_from_upstreams_per_second", now.bytes_from_upstreams}};
}

json traffic_json(const History::Points& points, const Window& window) {
  json traffic = rates_json(points);
  traffic["history"] = {{"tunnels", chart_json(points, window, ChartOf::tunnels)},
                        {"requests", chart_json(points, window, ChartOf::requests)},
                        {"messages", chart_json(points, window, ChartOf::messages)},
                        {"bytes", chart_json(points, window, ChartOf::bytes)}};
  return traffic;
}

/// Of what a host is used for: WebSockets, or what is passed through, or else requests.
std::pair<std::string_view, ChartOf> charted(const History::Points& points) {
  const auto has = [&](ChartOf what) {
    return std::any_of(points.begin(), points.end(),
                       [&](const History::Point& point) { return figure_of(point, what) > 0; });
  };
  if (has(ChartOf::tunnels)) return {"tunnels", ChartOf::tunnels};
  if (has(ChartOf::passing_through)) return {"passing_through", ChartOf::passing_through};
  return {"requests", ChartOf::requests};
}

/// The busiest ones. What is open is told as it is now.
json hosts_json(const History& history, const Window& window, const gateway::Figures& figures) {
  std::vector<std::pair<double, const std::string*>> busiest;
  for (const auto& [name, host] : history.hosts()) busiest.emplace_back(host.busy, &name);
  std::sort(busiest.begin(), busiest.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : *a.second < *b.second;
  });
  json list = json::array();
  for (const auto& [busy, name] : busiest) {
    if (list.size() == kMostHosts) break;
    const History::Points& points = history.hosts().at(*name).points;
    const auto found = figures.hosts.find(*name);
    const gateway::HostFigures now =
        found == figures.hosts.end() ? gateway::HostFigures() : found->second;
    const auto [of, what] = charted(points);
    json host = rates_json(points);
    host["host"] = *name;
    host["tunnels"] = now.tunnels_open();
    host["passing_through"] = now.passing_through;
    host["chart"] = chart_json(points, window, what);
    host["chart"]["of"] = of;
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
  const bool begins = sources.history.all().size() <= kBeginning.points;
  const Window window{begins ? kBeginning : kHour, sources.history.steps()};
  json all = {{"version", WSSGATE_VERSION},
              {"pid", ::getpid()},
              {"started", pki::iso_time(sources.started)},
              {"now", pki::iso_time(std::chrono::system_clock::now())},
              {"config", snapshot.config.file},
              {"listeners", listeners_json(server)},
              {"workers", server.workers()},
              {"connections", server.open_connections()},
              {"tunnels", figures.all.tunnels_open()},
              {"passing_through", figures.all.passing_through},
              {"certificates", certificates_json(sources)},
              {"certificates_in_all", snapshot.certificates.size()},
              {"refused_names", refused_names_json(figures.refused_names, sources, kMostNames)},
              {"refusals", refusals_json(refusals, recent.refusals)},
              {"recent_seconds", recent.span.count()},
              {"traffic", traffic_json(sources.history.all(), window)},
              {"hosts", hosts_json(sources.history, window, figures)},
              {"hosts_seen", figures.hosts.size()},
              {"history_step_seconds", History::kStep.count() * window.chart.steps_a_point},
              {"history_steps", window.chart.points},
              {"upstreams", upstreams(snapshot)},
              {"upstreams_in_all", snapshot.config.upstreams.size()},
              {"endings", endings_json(recent)},
              {"reloads", reloads_json(sources.reloader.history())}};
  const auto now = std::chrono::system_clock::now();
  add_problems(current_problems(sources, sources.facts.without_certificate(now)), all);
  return all;
}

}  // namespace wssgate::control
