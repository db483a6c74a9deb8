#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/units.h"
#include "net/fd.h"

namespace wssgate::doctor {

using Deadline = std::chrono::steady_clock::time_point;

/// For poll(). Rounded up: a wait that ends early would only begin again.
int milliseconds_until(Deadline deadline);
Duration since(std::chrono::steady_clock::time_point began);

/// How one step with a peer ended.
enum class Step : std::uint8_t {
  ok,
  refused,      ///< no one listens
  no_route,     ///< this machine has no way to that address
  unreachable,  ///< a router, or silence on its own network, says that the address has nobody
  timed_out,    ///< the deadline came
  closed,       ///< the peer ended its side
  reset,        ///< the peer cut the connection
  tls_alert,    ///< the peer refused with an alert, after the handshake
  failed,       ///< anything else
  interrupted,  ///< whoever asked for this has left
};

/// Bytes to and from a peer, each step with a deadline. One thread.
class Channel {
 public:
  virtual ~Channel() = default;
  /// All of `bytes`.
  virtual Step send(std::string_view bytes, Deadline deadline) = 0;
  /// Appends what comes next, 16 KiB at most.
  virtual Step receive(std::string& into, Deadline deadline) = 0;
};

/// A TCP connection.
class Wire : public Channel {
 public:
  /// Every step ends once `stop_fd` is readable; -1: nothing stops it.
  explicit Wire(int stop_fd) : stop_fd_(stop_fd) {}

  Step connect(const SocketAddress& address, Deadline deadline);
  Step send(std::string_view bytes, Deadline deadline) override;
  Step receive(std::string& into, Deadline deadline) override;
  /// Waits until `time`; false when it was stopped.
  bool pause_until(Deadline time) const;

 private:
  Step wait_for(short events, Deadline deadline) const;

  net::Fd fd_;
  int stop_fd_;
};

}  // namespace wssgate::doctor
