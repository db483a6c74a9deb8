#include "gateway/handshake_turns.h"

#include <algorithm>

namespace wssgate::gateway {

asio::awaitable<Result<void>> HandshakeTurns::take(net::Waiter& waiter, bool resumes) {
  if (!turning_) {
    turning_ = true;
    loop_.post([this] { begin_turn(); });
  }
  if (left_ > 0) {
    --left_;
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
  const bool idle = left_ == kPerTurn;
  left_ = kPerTurn;
  // One is for the others in any case: who claims to resume may claim it falsely.
  let_begin(resuming_, full_.empty() ? 0 : 1);
  let_begin(full_, 0);
  turning_ = !idle || left_ < kPerTurn;
  if (turning_) loop_.post([this] { begin_turn(); });
}

void HandshakeTurns::let_begin(std::deque<Waiting*>& queue, int reserved) {
  for (; left_ > reserved && !queue.empty(); --left_) {
    Waiting* const next = queue.front();
    queue.pop_front();
    next->ready = true;
    next->waiter.notify();
  }
}

}  // namespace wssgate::gateway
