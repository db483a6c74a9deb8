#pragma once

#include <chrono>
#include <optional>

#include "base/result.h"
#include "base/units.h"
#include "net/asio.h"

namespace wssgate::net {

/// What one coroutine sleeps on: it wakes when a socket attached to it has news, or when its
/// deadline passes. One connection is one coroutine with one Waiter, so there is always exactly
/// one deadline in force and never a race to cancel. Code reads: try; where nothing moved, wait().
/// Belongs to one worker's thread.
class Waiter {
 public:
  explicit Waiter(const asio::any_io_executor& executor) : timer_(executor) {}
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  /// From now on a wait() that lasts longer than `limit` from this moment ends with this error.
  void expires_after(Duration limit, Reason reason, Side side);
  void never_expires() { deadline_ = kNever; }
  /// From now on a wait() is over at this time at the latest, as if something had happened: for a
  /// caller with several times to keep. It has to name another one before it waits again.
  void wakes_at(std::chrono::steady_clock::time_point time);

  /// Something happened. Remembered when nobody is waiting.
  void notify();

  /// Ends this wait and every later one with this error: the connection has to go.
  void abort(Reason reason, Side side);

  /// Success: something happened since the last wait. Error: the deadline's or the abort's.
  asio::awaitable<Result<void>> wait();

  /// Lets every other connection of the worker have its turn; fails as wait() does.
  asio::awaitable<Result<void>> yield();

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::time_point kNever = Clock::time_point::max();

  bool over() const { return deadline_ != kNever && Clock::now() >= deadline_; }
  Result<void> verdict() const;

  asio::steady_timer timer_;
  Clock::time_point deadline_ = kNever;
  Reason reason_ = Reason::none;
  Side side_ = Side::proxy;
  bool aborted_ = false;
  bool notified_ = false;
  bool waiting_ = false;
};

}  // namespace wssgate::net
