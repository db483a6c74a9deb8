#pragma once

#include <deque>

#include "net/waiter.h"

namespace wssgate::gateway {

/// Who of one worker's connections begins its TLS handshake next: a few in each turn of the loop,
/// those that resume a session first (they cost a tenth). In between, open connections have theirs:
/// a storm of new clients makes the new ones wait, not the tunnels. Belongs to one worker.
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
  static constexpr int kPerTurn = 2;

  void begin_turn();
  void let_begin(std::deque<Waiting*>& queue, int reserved);

  net::Loop& loop_;
  std::deque<Waiting*> resuming_;
  std::deque<Waiting*> full_;
  int left_ = kPerTurn;
  bool turning_ = false;
};

}  // namespace wssgate::gateway
