#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "net/stream.h"
#include "upstream/endpoint.h"

namespace wssgate::upstream {

/// Idle HTTP connections of one worker to upstream endpoints, kept for the next request. A
/// connection that the upstream closes, or that sends without being asked, is dropped at once.
class ConnectionPool {
 public:
  explicit ConnectionPool(net::Loop& loop);

  /// The connection used last (its cache lines and TCP window are the warmest), or null.
  std::unique_ptr<net::Stream> take(const Endpoint& endpoint);
  /// `stream` must be between messages: nothing pending, nothing unread.
  void keep(const std::shared_ptr<const Endpoint>& endpoint, std::unique_ptr<net::Stream> stream);

  std::size_t idle() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Idle {
    std::shared_ptr<const Endpoint> endpoint;  // keeps the key of `idle_` alive
    std::unique_ptr<net::Stream> stream;
    Clock::time_point since;
  };

  /// Sleeps until a kept connection has news or has been idle for too long, then drops those.
  asio::awaitable<void> tend();
  void drop_dead();

  net::Waiter news_;
  std::unordered_map<const Endpoint*, std::vector<Idle>> idle_;
};

}  // namespace wssgate::upstream
