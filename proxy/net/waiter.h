#pragma once

#include <chrono>
#include <optional>

#include "base/result.h"
#include "base/units.h"
#include "net/asio.h"
#include "net/sleeper.h"

namespace wssgate::net {

/// Who goes on by turns where a coroutine would wait: what is idle for days holds no frames so.
class TakesTurns {
 public:
  TakesTurns() = default;
  TakesTurns(const TakesTurns&) = delete;
  TakesTurns& operator=(const TakesTurns&) = delete;
  virtual ~TakesTurns() = default;

  /// Something may have happened; or `going` is an error, as Waiter::wait() has them, and there is
  /// no use in going on. False: there is no waiter any more. Another turn is had by notify().
  virtual bool take_turn(Result<void> going) = 0;
  /// The loop ends: there are no more turns.
  virtual void abandon() = 0;
};

/// What one coroutine (or TakesTurns) sleeps on: it wakes when a socket attached to it has news, or
/// when its deadline passes. One connection has one Waiter, so there is always exactly one deadline
/// in force and never a race to cancel. Code reads: try; where nothing moved, wait().
/// Belongs to one worker's thread.
class Waiter final : private Sleeper {
 public:
  explicit Waiter(Loop& loop) : Sleeper(loop) {}

  /// From now on a wait() that lasts longer than `limit` from this moment ends with this error.
  void expires_after(Duration limit, Reason reason, Side side);
  void never_expires() { deadline_ = Loop::kNever; }
  /// From now on a wait() is over at this time at the latest, as if something had happened: for a
  /// caller with several times to keep. It has to name another one before it waits again.
  void wakes_at(std::chrono::steady_clock::time_point time);

  /// Something happened. Remembered when nobody is waiting.
  void notify();

  /// Ends this wait and every later one with this error: the connection has to go.
  void abort(Reason reason, Side side);

  /// Success: something happened since the last wait. Error: the deadline's or the abort's. Where
  /// that is so already, every other connection of the worker has its turn first.
  asio::awaitable<Result<void>> wait();

  /// In place of a coroutine that waits: from now on news are turns of this one (null: no more).
  void give_turns_to(TakesTurns* one) { takes_turns_ = one; }

  /// Waits for nothing but the others' turn; fails as wait() does. What happened before counts as
  /// known: the caller tries again.
  asio::awaitable<Result<void>> yield();

 private:
  using Clock = Loop::Clock;
  using Parked = asio::async_result<asio::use_awaitable_t<>, void()>::handler_type;

  void woken() override;
  void abandon() override;

  /// Suspends the coroutine until woken() goes on with it.
  asio::awaitable<void> park();
  bool over() const { return deadline_ != Loop::kNever && Clock::now() >= deadline_; }
  Result<void> verdict() const;

  Clock::time_point deadline_ = Loop::kNever;
  std::optional<Parked> parked_;  // the coroutine, while it is suspended
  TakesTurns* takes_turns_ = nullptr;
  Reason reason_ = Reason::none;
  Side side_ = Side::proxy;
  bool aborted_ = false;
  bool notified_ = false;
};

}  // namespace wssgate::net
