#include "gateway/handshake_turns.h"

#include <algorithm>

namespace wssgate::gateway {

asio::awaitable<Result<void>> HandshakeTurns::take(net::Waiter& waiter, bool resumes) {
  if (!turning_) {
    turning_ = true;
    loop_.post([this] { begin_turn(); });
  }
  if (!taken_) {
    taken_ = true;
    co_return Result<void>();
  }
  auto& queue = resumes ? resuming_ : full_;
  Waiting waiting{waiter};
  queue.push_back(&waiting);
  while (!waiting.ready) {
    auto waited = co_await waiter.wait();
    if (waited || waiting.ready) continue;
    queue.erase(std::find(queue.begin(), queue.end(), &waiting));
    co_return std::move(waited).error();
  }
  co_return Result<void>();
}

// In the loop's next turn: after everything that is ready now, and after a look at the sockets.
void HandshakeTurns::begin_turn() {
  const bool idle = !taken_;
  // Not all that resume before all others: who claims to resume may claim it falsely.
  auto& first = resuming_is_next_ ? resuming_ : full_;
  auto& second = resuming_is_next_ ? full_ : resuming_;
  resuming_is_next_ = !resuming_is_next_;
  taken_ = let_begin(first) || let_begin(second);
  turning_ = !idle || taken_;
  if (turning_) loop_.post([this] { begin_turn(); });
}

bool HandshakeTurns::let_begin(std::deque<Waiting*>& queue) {
  if (queue.empty()) return false;
  Waiting* const next = queue.front();
  queue.pop_front();
  next->ready = true;
  next->waiter.notify();
  return true;
}

}  // namespace wssgate::gateway
