#include "net/waiter.h"

#include <utility>

namespace wssgate::net {

void Waiter::expires_after(Duration limit, Reason reason, Side side) {
  if (aborted_) return;
  deadline_ = Clock::now() + limit;
  reason_ = reason;
  side_ = side;
}

void Waiter::wakes_at(Clock::time_point time) {
  if (aborted_) return;
  deadline_ = time;
  reason_ = Reason::none;
}

void Waiter::notify() {
  notified_ = true;
  if (parked_ || takes_turns_ != nullptr) wake_soon();
}

void Waiter::abort(Reason reason, Side side) {
  aborted_ = true;
  reason_ = reason;
  side_ = side;
  notify();
}

Result<void> Waiter::verdict() const {
  if (aborted_) return Error(reason_, side_);
  if (reason_ != Reason::none && over()) return Error(reason_, side_);
  return {};
}

asio::awaitable<Result<void>> Waiter::wait() {
  if (!aborted_) {
    // Who wakes itself, or comes when its time has passed, does not keep others from their turn.
    if (notified_ || over()) wake_soon();
    // An earlier alarm stays: most deadlines are moved on long before they come.
    wake_no_later_than(deadline_);
    co_await park();
  }
  notified_ = false;
  co_return verdict();
}

asio::awaitable<Result<void>> Waiter::yield() {
  notify();
  return wait();
}

asio::awaitable<void> Waiter::park() {
  return asio::async_initiate<const asio::use_awaitable_t<>, void()>(
      [this](Parked coroutine) { parked_.emplace(std::move(coroutine)); }, asio::use_awaitable);
}

void Waiter::woken() {
  if (!parked_ && takes_turns_ == nullptr) return;
  if (!notified_ && !over()) {  // the alarm of a deadline that was moved on
    wake_no_later_than(deadline_);
    return;
  }
  if (takes_turns_ != nullptr) {
    notified_ = false;
    if (takes_turns_->take_turn(verdict())) wake_no_later_than(deadline_);
    return;
  }
  Parked coroutine = std::move(*parked_);
  parked_.reset();
  std::move(coroutine)();
}

void Waiter::abandon() {
  const std::optional<Parked> destroyed = std::exchange(parked_, std::nullopt);
  if (takes_turns_ != nullptr) takes_turns_->abandon();  // the last of it: this may be gone
}

}  // namespace wssgate::net
