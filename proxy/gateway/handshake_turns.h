#pragma once

#include <deque>

#include "net/waiter.h"

namespace wssgate::gateway {

/// Who of one worker's connections begins its TLS handshake next: one in each turn of the loop. In
/// between, open connections have theirs: a storm of new clients makes the new ones wait, not the
/// tunnels. Those that resume a session, which costs less, have every other turn. Belongs to one
/// worker.
class HandshakeTurns {
 public:
  explicit HandshakeTurns(net::Loop& loop) : loop_(loop) {}
  HandshakeTurns(const HandshakeTurns&) = delete;
  HandshakeTurns& operator=(const HandshakeTurns&) = delete;

  /// Returns when it is this connection's turn. Errors: the waiter's.
  asio::awaitable<Result<void>> take(net::Waiter& waiter, bool resumes);

 private:
  struct Waiting {
    net::Waiter& waiter;
    bool ready = false;
  };

  void begin_turn();
  static bool let_begin(std::deque<Waiting*>& queue);

  net::Loop& loop_;
  std::deque<Waiting*> resuming_;
  std::deque<Waiting*> full_;
  bool taken_ = false;  // this turn's place
  bool turning_ = false;
  bool resuming_is_next_ = true;
};

}  // namespace wssgate::gateway
