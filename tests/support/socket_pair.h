#pragma once

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "net/fd.h"
#include "net/sleeper.h"
#include "net/tcp_stream.h"

namespace wssgate::test {

/// Two connected sockets: the first for wssgate's code, non-blocking, the second for the test.
inline std::pair<net::Fd, net::Fd> socket_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0) {
    throw std::system_error(errno, std::system_category(), "socketpair");
  }
  return {net::Fd(fds[0]), net::Fd(fds[1])};
}

/// Sends until whoever is at the other end would have to take some.
inline void fill(const net::Fd& socket) {
  const std::string piece(4096, 'x');
  while (::send(socket.get(), piece.data(), piece.size(), MSG_DONTWAIT) > 0) {
  }
}

/// One says something every two milliseconds, which the other takes; while this lives, and the loop
/// runs.
class Chatter final : private net::Sleeper {
 public:
  Chatter(net::Loop& loop, const net::Fd& talker, const net::Fd& listener)
      : Sleeper(loop), talker_(talker.get()), listener_(listener.get()) {
    woken();
  }

 private:
  void woken() override {
    std::array<char, 64> drop{};
    ::send(talker_, "talk", 4, MSG_DONTWAIT);
    ::recv(listener_, drop.data(), drop.size(), MSG_DONTWAIT);
    wake_at(net::Loop::Clock::now() + std::chrono::milliseconds(2));
  }

  int talker_;
  int listener_;
};

}  // namespace wssgate::test
