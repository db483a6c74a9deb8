#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "base/units.h"

namespace wssgate::upstream {

/// When requests that fail take an endpoint out, and for how long.
struct EjectionRules {
  /// In a row.
  std::uint32_t failures = 3;
  /// The first time; each further time twice as long, up to `max_time`.
  Duration time{5'000};
  Duration max_time{300'000};

  bool operator==(const EjectionRules&) const = default;
};

/// How many checks in a row change what is thought of an endpoint.
struct CheckRules {
  std::uint32_t healthy_after = 2;
  std::uint32_t unhealthy_after = 3;
};

/// Whether an endpoint is well, by what requests met and by checks of its own. Each call that
/// changes that tells so, to one caller only. Any thread; no locks. The clock is the caller's.
class Health {
 public:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;

  enum class State : std::uint8_t {
    healthy,
    probation,  ///< its ejection is over; the next request decides
    ejected,    ///< requests failed
    unhealthy,  ///< checks fail
  };
  State state(TimePoint now) const;
  /// It should get requests.
  bool is_well(TimePoint now) const;

  /// A request failed. The ejection that follows from it, if one does: how long it lasts.
  std::optional<Duration> failed(TimePoint now, const EjectionRules& rules);
  /// A request that began at `asked` succeeded. True when the endpoint was ejected and returns. Not
  /// before its time is over: one that answers every other request would come back at once, and
  /// one that began before the ejection says nothing of what has been since.
  bool succeeded(TimePoint now, TimePoint asked);

  /// A check failed, or passed. True when the endpoint is unhealthy from now on, or healthy again.
  /// One thread at a time.
  bool check_failed(const CheckRules& rules);
  bool check_passed(TimePoint now, const CheckRules& rules);
  /// It is not checked any more, so that nothing is known.
  void forget_checks();

  /// For how long it has been back; none when it never was away.
  std::optional<Clock::duration> back_for(TimePoint now) const;

 private:
  using Ticks = Clock::rep;

  // By requests. An ejection's end stays: it says when the endpoint came back.
  std::atomic<std::uint32_t> failures_{0};
  std::atomic<Ticks> ejected_until_{0};
  std::atomic<Ticks> ejected_for_{0};
  std::atomic<bool> unproven_{false};  // no request has succeeded since the ejection

  // By checks.
  std::atomic<bool> unhealthy_{false};
  std::atomic<Ticks> healthy_since_{0};
  std::uint32_t agreeing_checks_ = 0;  // in a row that tell against `unhealthy_` as it is
};

}  // namespace wssgate::upstream
