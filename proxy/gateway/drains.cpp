#include "gateway/drains.h"

#include <algorithm>

namespace wssgate::gateway {
namespace {

// At the end of a drain, for the tunnels closed last to answer; a quarter of a short one.
constexpr Duration kMostAnswering{5'000};
// Of a few tunnels none has to wait longer for the sake of other workers'.
constexpr std::chrono::duration<double, std::milli> kMostPhase{1'000};

}  // namespace

bool DrainTarget::covers(const Host& host) const {
  return kind == Kind::everything ||
         (kind == Kind::host && std::any_of(host.names.begin(), host.names.end(),
                                            [&](const auto& its) { return its.text() == name; }));
}

bool DrainTarget::covers(const upstream::Endpoint& endpoint) const {
  return kind == Kind::everything ||
         (kind == Kind::endpoint &&
          (endpoint.text == name || endpoint.address.text() == name || endpoint.is_of_name(name)));
}

std::string DrainTarget::text() const {
  if (kind == Kind::everything) return "everything";
  return (kind == Kind::host ? "host " : "endpoint ") + name;
}

DrainWindow::DrainWindow(TunnelClock::time_point begun, const DrainTerms& terms)
    : begun_(begun),
      spread_(terms.limit - std::min(terms.limit / 4, kMostAnswering)),
      phase_(terms.phase),
      until_(begun + terms.limit) {}

CloseOrder DrainWindow::order(std::size_t index, std::size_t count) const {
  const std::chrono::duration<double, std::milli> step(static_cast<double>(spread_.count()) /
                                                       static_cast<double>(count));
  // The workers' first ones would go at once, and so would their next.
  const auto wait = step * static_cast<double>(index) + std::min(step, kMostPhase) * phase_;
  return {begun_ + std::chrono::duration_cast<TunnelClock::duration>(wait), until_,
          Reason::draining, websocket::kServiceRestart};
}

CloseOrder DrainWindow::order_now() const {
  const auto now = TunnelClock::now();
  return {now, std::max(until_, now + kMostAnswering), Reason::draining,
          websocket::kServiceRestart};
}

void Drains::add(const DrainTarget& target, const DrainWindow& window) {
  remove(target);
  drains_.push_back({target, window});
}

void Drains::remove(const DrainTarget& target) {
  std::erase_if(drains_, [&](const Drain& drain) { return drain.target == target; });
}

bool Drains::is_over(const DrainTarget& target, TunnelClock::time_point now) const {
  return std::any_of(drains_.begin(), drains_.end(), [&](const Drain& drain) {
    return drain.target == target && now >= drain.window.until();
  });
}

bool Drains::name(const Host& host) const {
  return std::any_of(drains_.begin(), drains_.end(), [&](const Drain& drain) {
    return drain.target.kind == DrainTarget::Kind::host && drain.target.covers(host);
  });
}

bool Drains::name(const upstream::Endpoint& endpoint) const {
  return std::any_of(drains_.begin(), drains_.end(), [&](const Drain& drain) {
    return drain.target.kind == DrainTarget::Kind::endpoint && drain.target.covers(endpoint);
  });
}

const DrainWindow* Drains::window_for(const Host& host, const upstream::Endpoint& endpoint) const {
  const auto drain = std::find_if(drains_.begin(), drains_.end(), [&](const Drain& each) {
    return each.target.covers(host) || each.target.covers(endpoint);
  });
  return drain == drains_.end() ? nullptr : &drain->window;
}

}  // namespace wssgate::gateway
