#pragma once

#include <functional>

#include "base/address.h"
#include "net/fd.h"
#include "net/sleeper.h"

namespace wssgate::net {

/// A listening TCP socket on `address`. With `shared`, several of them may listen on one address
/// (SO_REUSEPORT) and the kernel spreads connections over them; that is how workers share a port.
/// IPv6 listens for IPv6 only. Throws
/// std::system_error: listening is for start-up.
Fd listen_on(const SocketAddress& address, bool shared);

/// The address that a listening socket got (the port, where 0 was asked for).
SocketAddress bound_address(int fd);

/// One worker's share of a listening address: accepts and hands over. When descriptors run out it
/// warns once, pauses, and goes on as soon as there are some; it never spins. Belongs to one
/// worker's thread.
class Listener final : private Sleeper, private Watched {
 public:
  /// Takes over an accepted, non-blocking connection.
  using OnAccept = std::function<void(Fd connection, const SocketAddress& client)>;

  Listener(Loop& loop, Fd listening, OnAccept on_accept);
  ~Listener() override { leave(); }

  /// No more connections: accepts those that wait (a batch of them), then closes.
  void close();
  /// No more connections: those that wait are for another process that has the socket too.
  void leave();

 private:
  enum class Left : std::uint8_t { none, more, nothing_to_accept_with };

  void on_events(std::uint32_t) override { wake_soon(); }
  void woken() override;
  Left accept_some(int most);
  void pause();
  void resume();

  Fd listening_;
  OnAccept on_accept_;
  bool exhausted_ = false;
};

}  // namespace wssgate::net
