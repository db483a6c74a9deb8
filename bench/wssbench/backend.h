#pragma once

#include <memory>
#include <vector>

#include "base/address.h"

namespace wssgate::bench {

/// The plain server behind `wssbench backend`, cheap enough not to be what is measured: WebSockets
/// that echo, read only (/sink), send without end (/source?size=1MiB) or get messages at fixed
/// times from their first own one on (/push?every=100ms&size=128), and GETs answered with ?size=
/// bytes. No deadlines: only measured programs are expected to connect.
class Backend {
 public:
  /// Serves at once, in `threads` threads. Throws std::system_error when the address is not to
  /// have.
  Backend(const SocketAddress& address, std::size_t threads);
  ~Backend();
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  const SocketAddress& address() const { return address_; }

 private:
  struct Thread;

  SocketAddress address_;
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace wssgate::bench
