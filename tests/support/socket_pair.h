#pragma once

#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "net/fd.h"
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

}  // namespace wssgate::test
