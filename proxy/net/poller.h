#pragma once

#include <asio/posix/stream_descriptor.hpp>

#include "net/asio.h"

namespace wssgate::net {

class Socket;

/// Tells sockets that they may be read or written again. Each is registered once, edge-triggered
/// and for both directions, in an epoll set of its own, which the worker's loop watches as one
/// descriptor: no system call for each wait, which is what Asio's own async_wait costs
/// (ARCHITECTURE.md has the measurement). Belongs to one worker's thread; outlives its sockets.
class Poller {
 public:
  explicit Poller(asio::io_context& loop);

  /// Until the descriptor is closed, which takes it out of the set.
  void watch(int fd, Socket& socket);

 private:
  void wait();
  void dispatch();

  asio::posix::stream_descriptor set_;
};

}  // namespace wssgate::net
