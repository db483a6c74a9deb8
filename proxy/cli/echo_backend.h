#pragma once

#include <memory>

#include "base/address.h"
#include "net/listener.h"
#include "net/worker.h"

namespace wssgate::cli {

/// The backend of `wssgate dev` when none is given, and one for tests: plain HTTP/1.1 (RFC 9112)
/// and WebSocket (RFC 6455) on a free loopback port, in a thread of its own.
///
/// A request without a body is answered with its own head as text, which shows what a proxy added
/// to it; a body comes back as it is. WebSocket messages come back frame by frame, pings as pongs,
/// a Close with its own code. It takes the first subprotocol offered and no extension. Bodies and
/// messages stream through 64 KiB of memory a connection, however large they are: who sends much
/// must read meanwhile. There are no deadlines, since only the own proxy is expected to connect.
class EchoBackend {
 public:
  /// Serves at once. Throws std::system_error when there is no port to have.
  EchoBackend();
  /// Ends every connection and the thread.
  ~EchoBackend();
  EchoBackend(const EchoBackend&) = delete;
  EchoBackend& operator=(const EchoBackend&) = delete;

  const SocketAddress& address() const { return address_; }

 private:
  SocketAddress address_;
  net::Worker worker_;
  std::unique_ptr<net::Listener> listener_;  // goes before the loop it lives on
};

}  // namespace wssgate::cli
