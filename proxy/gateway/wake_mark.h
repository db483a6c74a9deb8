#pragma once

#include <sys/socket.h>

#include <cstddef>

#include "net/tcp_stream.h"

namespace wssgate::gateway {

/// How many bytes there have to be before the kernel wakes who peeks (or the peer has ended),
/// however small the segments they come in: what drips in costs a wake-up or two, not one a byte.
/// One byte again when destroyed. Short of memory the kernel wakes us early, and setting the same
/// number again would wake us again at once, for as long as that lasts: hence only a change is set.
class WakeMark {
 public:
  explicit WakeMark(net::TcpStream& plain) : plain_(plain) {}
  WakeMark(const WakeMark&) = delete;
  WakeMark& operator=(const WakeMark&) = delete;
  ~WakeMark() { set(1); }

  void set(std::size_t bytes) {
    if (bytes == set_) return;
    set_ = bytes;
    const int count = static_cast<int>(bytes);
    setsockopt(plain_.socket().fd(), SOL_SOCKET, SO_RCVLOWAT, &count, sizeof count);
  }

 private:
  net::TcpStream& plain_;
  std::size_t set_ = 1;
};

}  // namespace wssgate::gateway
