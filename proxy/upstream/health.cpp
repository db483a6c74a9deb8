#include "upstream/health.h"

#include <algorithm>

namespace wssgate::upstream {
namespace {

Health::Clock::rep ticks(Health::TimePoint time) { return time.time_since_epoch().count(); }

}  // namespace

Health::State Health::state(TimePoint now) const {
  if (unhealthy_) return State::unhealthy;
  if (ticks(now) < ejected_until_) return State::ejected;
  return unproven_ ? State::probation : State::healthy;
}

bool Health::is_well(TimePoint now) const { return !unhealthy_ && ticks(now) >= ejected_until_; }

std::optional<Duration> Health::failed(TimePoint now, const EjectionRules& rules) {
  Ticks until = ejected_until_;
  if (ticks(now) < until) return std::nullopt;  // a request that was under way, or the last resort
  const bool is_enough = failures_.fetch_add(1) + 1 >= rules.failures || unproven_;
  if (!is_enough) return std::nullopt;
  // Twice the last time, unless it has been well since then for as long as it was out.
  const Clock::duration last(ejected_for_);
  const bool again = last.count() > 0 && ticks(now) - until < last.count();
  const Clock::duration longest = rules.max_time;
  const Clock::duration length = again ? std::min(last * 2, longest) : rules.time;
  if (!ejected_until_.compare_exchange_strong(until, ticks(now + length))) {
    return std::nullopt;  // another worker's request met the same
  }
  ejected_for_ = length.count();
  unproven_ = true;
  failures_ = 0;
  return std::chrono::duration_cast<Duration>(length);
}

bool Health::succeeded(TimePoint now, TimePoint asked) {
  if (failures_ != 0) failures_ = 0;
  if (!unproven_) return false;
  const Ticks until = ejected_until_;
  if (ticks(now) < until || ticks(asked) < until - ejected_for_) return false;
  return unproven_.exchange(false);
}

bool Health::check_failed(const CheckRules& rules) {
  if (unhealthy_) {
    agreeing_checks_ = 0;
    return false;
  }
  if (++agreeing_checks_ < rules.unhealthy_after) return false;
  agreeing_checks_ = 0;
  unhealthy_ = true;
  return true;
}

bool Health::check_passed(TimePoint now, const CheckRules& rules) {
  if (!unhealthy_) {
    agreeing_checks_ = 0;
    return false;
  }
  if (++agreeing_checks_ < rules.healthy_after) return false;
  agreeing_checks_ = 0;
  healthy_since_ = ticks(now);
  unhealthy_ = false;
  return true;
}

void Health::forget_checks() {
  agreeing_checks_ = 0;
  unhealthy_ = false;
}

std::optional<Health::Clock::duration> Health::back_for(TimePoint now) const {
  const Ticks since = std::max(ejected_until_.load(), healthy_since_.load());
  if (since == 0) return std::nullopt;
  return Clock::duration(std::max<Ticks>(0, ticks(now) - since));
}

}  // namespace wssgate::upstream
