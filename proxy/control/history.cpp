#include "control/history.h"

#include <algorithm>
#include <string_view>

namespace wssgate::control {
namespace {

using gateway::HostFigures;
using gateway::TunnelEnd;

// Recent endings and refusals go back an hour, less or more this.
constexpr std::chrono::minutes kTotalsStep{5};
constexpr std::chrono::minutes kTotalsSpan{60};
// A step's part of what came before: half of it is forgotten in four minutes.
constexpr double kKept = 0.97;

/// A worker's figures only grow; a reload that changes a label begins at 0.
std::uint64_t grown(std::uint64_t now, std::uint64_t before) {
  return now > before ? now - before : 0;
}

History::Point point_of(const HostFigures& now, const HostFigures& before, double seconds) {
  const auto rate = [&](auto figure) {
    return static_cast<float>(static_cast<double>(grown(now.*figure, before.*figure)) / seconds);
  };
  return {.tunnels = static_cast<float>(now.tunnels_open()),
          .passing_through = static_cast<float>(now.passing_through),
          .requests = rate(&HostFigures::requests),
          .messages = rate(&HostFigures::messages),
          .bytes_from_clients = rate(&HostFigures::bytes_from_clients),
          .bytes_from_upstreams = rate(&HostFigures::bytes_from_upstreams)};
}

/// What is open, a request or a message a second, or a kilobyte.
double weight(const History::Point& point) {
  return static_cast<double>(point.tunnels) + point.passing_through + point.requests +
         point.messages + ((point.bytes_from_clients + point.bytes_from_upstreams) / 1024.0);
}

void append(History::Host& host, const History::Point& point) {
  if (host.points.size() == History::kSteps) host.points.pop_front();
  host.points.push_back(point);
  host.busy = host.busy * kKept + weight(point);
}

bool is_silent(const History::Host& host) {
  return std::all_of(host.points.begin(), host.points.end(),
                     [](const History::Point& point) { return weight(point) == 0; });
}

std::map<TunnelEnd, std::uint64_t> ends_of(const gateway::Figures& figures) {
  std::map<TunnelEnd, std::uint64_t> ends;
  for (const auto& [end, count] : figures.tunnel_ends.by_end()) ends[end] = count.tunnels;
  return ends;
}

}  // namespace

void History::add(TimePoint now, const gateway::Figures& figures, const Refusals& refusals) {
  keep_totals(now, figures, refusals);
  if (!before_) {
    before_ = Before{now, figures.all, figures.hosts};
    return;
  }
  const double seconds = std::chrono::duration<double>(now - before_->at).count();
  if (seconds <= 0) return;

  std::unordered_map<std::string_view, Point> points;  // of those that had anything
  for (const auto& [name, host] : figures.hosts) {
    HostFigures& before = before_->hosts[name];
    const Point point = point_of(host, before, seconds);
    before = host;
    if (weight(point) > 0) points.emplace(name, point);
  }
  append(all_, point_of(figures.all, before_->all, seconds));
  ++steps_;
  before_->all = figures.all;
  before_->at = now;
  for (auto& [name, host] : hosts_) {
    const auto found = points.find(name);
    append(host, found == points.end() ? Point() : found->second);
  }
  std::erase_if(hosts_, [](const auto& entry) { return is_silent(entry.second); });
  for (const auto& [name, point] : points) admit(std::string(name), point);
}

/// Where there is no place, a busier host takes that of the least busy one.
void History::admit(const std::string& host, const Point& point) {
  if (hosts_.count(host) > 0) return;
  if (hosts_.size() == kMostHosts) {
    const auto least = std::min_element(
        hosts_.begin(), hosts_.end(),
        [](const auto& a, const auto& b) { return a.second.busy < b.second.busy; });
    if (least->second.busy >= weight(point)) return;
    hosts_.erase(least);
  }
  append(hosts_[host], point);
}

void History::keep_totals(TimePoint now, const gateway::Figures& figures,
                          const Refusals& refusals) {
  if (!totals_.empty() && now - totals_.back().at < kTotalsStep) return;
  totals_.push_back({now, ends_of(figures), refusals});
  // The last one that is an hour old stays.
  while (totals_.size() > 1 && now - totals_[1].at >= kTotalsSpan) totals_.pop_front();
}

History::Recent History::recent(TimePoint now, const gateway::Figures& figures,
                                const Refusals& refusals) const {
  if (totals_.empty()) return {};
  const Totals& then = totals_.front();
  Recent recent{.span = std::chrono::duration_cast<std::chrono::seconds>(now - then.at),
                .tunnel_ends = {},
                .refusals = {}};
  for (const auto& [end, count] : ends_of(figures)) {
    const auto was = then.tunnel_ends.find(end);
    const auto came = grown(count, was == then.tunnel_ends.end() ? 0 : was->second);
    if (came > 0) recent.tunnel_ends[end] = came;
  }
  for (std::size_t i = 0; i < refusals.size(); ++i) {
    recent.refusals[i] = grown(refusals[i], then.refusals[i]);
  }
  return recent;
}

History::Refusals refusals_of(const gateway::RefusalCounts& counts) {
  History::Refusals refusals{};
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    refusals[i] = counts.of(static_cast<Reason>(i));
  }
  return refusals;
}

}  // namespace wssgate::control
