#include "control/partial_drains.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/hostname.h"
#include "base/log.h"
#include "base/text.h"

namespace wssgate::control {
namespace {

using Clock = std::chrono::steady_clock;
using gateway::DrainTarget;

constexpr std::size_t kMostNamesListed = 10;

std::string listed(const std::set<std::string>& names) {
  std::string text;
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (++count > kMostNamesListed) return text + " …";
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

std::int64_t seconds_left(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(deadline - Clock::now());
  return std::max<std::int64_t>(0, left.count());
}

}  // namespace

void log_drain_progress(const DrainTarget& target, const Server& server,
                        Clock::time_point deadline) {
  const std::string text = target.text();
  log::info("drain_progress", "a drain goes on; what is left at its limit is cut",
            {{"target", text},
             {"tunnels", static_cast<std::int64_t>(server.open_tunnels(target))},
             {"connections", static_cast<std::int64_t>(server.open_connections())},
             {"seconds_left", seconds_left(deadline)}});
}

PartialDrains::Outcome PartialDrains::begin(const DrainTarget& target) {
  Outcome outcome = identify(target);
  if (!outcome.ok()) return outcome;
  const Duration limit = server_.snapshot()->config.timeouts.drain;
  std::erase_if(drains_, [&](const Drain& drain) { return drain.target == outcome.target; });
  drains_.push_back({outcome.target, Clock::now() + limit});
  const std::string text = outcome.target.text();
  log::info("draining",
            fmt::format("it gets no new connections until 'wssgate drain --undo'; its tunnels are "
                        "closed within {}",
                        format_duration(limit)),
            {{"target", text},
             {"tunnels", static_cast<std::int64_t>(server_.open_tunnels(outcome.target))}});
  server_.drain(outcome.target);
  look_later();
  return outcome;
}

PartialDrains::Outcome PartialDrains::resume(const DrainTarget& target) {
  const auto named = [&](const Drain& drain) { return drain.target == target; };
  auto drain = std::find_if(drains_.begin(), drains_.end(), named);
  Outcome outcome{target, {}};
  if (drain == drains_.end()) {
    outcome = identify(target);
    drain = std::find_if(drains_.begin(), drains_.end(),
                         [&](const Drain& each) { return each.target == outcome.target; });
  }
  if (drain == drains_.end()) {
    if (outcome.ok()) outcome.error = fmt::format("{} is not drained", target.text());
    return outcome;
  }
  server_.resume(drain->target);
  const std::string text = drain->target.text();
  log::info("drain_undone", "it gets new connections again", {{"target", text}});
  drains_.erase(drain);
  return outcome;
}

PartialDrains::Outcome PartialDrains::identify(const DrainTarget& target) const {
  return target.kind == DrainTarget::Kind::host ? identify_host(target) : identify_endpoint(target);
}

PartialDrains::Outcome PartialDrains::identify_host(const DrainTarget& target) const {
  const gateway::RouteTable& sites = server_.snapshot()->sites;
  const gateway::Site* site = nullptr;
  if (const auto pattern = HostPattern::parse(to_lower(target.name))) site = sites.find(*pattern);
  if (site == nullptr) {
    if (const auto name = canonical_hostname(target.name)) site = sites.match(*name);
  }
  if (site != nullptr) return {{DrainTarget::Kind::host, site->host->label()}, {}};
  if (server_.open_tunnels(target) > 0) return {target, {}};  // a reload has removed it
  std::set<std::string> names;
  sites.for_each([&](const std::string& name, const gateway::Site&) { names.insert(name); });
  return {target, fmt::format("no host is called '{}'. there are {}", printable(target.name),
                              listed(names))};
}

PartialDrains::Outcome PartialDrains::identify_endpoint(const DrainTarget& target) const {
  std::set<std::string> names;
  for (const auto& [name, upstream] : server_.snapshot()->upstreams) {
    for (const upstream::Member& member : upstream->members()) {
      if (target.covers(*member.endpoint)) return {target, {}};
      names.insert(member.endpoint->text);
    }
  }
  if (server_.open_tunnels(target) > 0) return {target, {}};  // a reload has removed it
  return {target, fmt::format("no endpoint is called '{}'. there are {}", printable(target.name),
                              listed(names))};
}

bool PartialDrains::is_under_way() const {
  return std::any_of(drains_.begin(), drains_.end(),
                     [](const Drain& drain) { return !drain.over; });
}

void PartialDrains::look_later() {
  timer_.expires_after(std::chrono::seconds(1));
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) look();
  });
}

void PartialDrains::look() {
  for (Drain& drain : drains_) {
    if (drain.over) continue;
    const std::string text = drain.target.text();
    drain.over = server_.open_tunnels(drain.target) == 0;
    if (drain.over) {
      log::info("drained", "no tunnel is left", {{"target", text}});
    } else if (const auto left = seconds_left(drain.deadline);
               left > 0 && left % kDrainProgress.count() == 0) {
      log_drain_progress(drain.target, server_, drain.deadline);
    }
  }
  if (is_under_way()) look_later();
}

}  // namespace wssgate::control
