#include "net/waiter.h"

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
  if (waiting_) timer_.cancel();
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
  // A loop, because a notification that came between two waits may have cancelled nothing.
  while (!notified_) {
    if (auto judged = verdict(); !judged) co_return judged;
    if (over()) break;
    timer_.expires_at(deadline_);
    waiting_ = true;
    co_await timer_.async_wait(use_result);
    waiting_ = false;
  }
  notified_ = false;
  co_return verdict();
}

asio::awaitable<Result<void>> Waiter::yield() {
  co_await asio::post(asio::use_awaitable);
  co_return verdict();
}

}  // namespace wssgate::net
