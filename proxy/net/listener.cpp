#include "net/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/errno_text.h"
#include "base/log.h"
#include "net/socket.h"

namespace wssgate::net {
namespace {

// Accepts in one turn before open connections have theirs: beginning a connection costs what two
// messages do.
constexpr int kAcceptBatch = 8;
// When no more turn follows.
constexpr int kLastBatch = 64;
constexpr std::chrono::milliseconds kPause{250};
constexpr int kBacklog = 4096;  // the kernel cuts it to net.core.somaxconn

bool out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

bool set_flag(int fd, int level, int name) {
  const int on = 1;
  return setsockopt(fd, level, name, &on, sizeof on) == 0;
}

}  // namespace

Fd listen_on(const SocketAddress& address, bool shared) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) throw_errno("socket");
  set_flag(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (shared && !set_flag(fd.get(), SOL_SOCKET, SO_REUSEPORT)) throw_errno("SO_REUSEPORT");
  if (address.family() == AF_INET6) set_flag(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  tune_tcp(fd.get());
  if (::bind(fd.get(), address.get(), address.length()) != 0) throw_errno("bind");
  if (::listen(fd.get(), kBacklog) != 0) throw_errno("listen");
  return fd;
}

SocketAddress bound_address(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return {reinterpret_cast<sockaddr*>(&storage), length};
}

Listener::Listener(Loop& loop, Fd listening, OnAccept on_accept)
    : Sleeper(loop), listening_(std::move(listening)), on_accept_(std::move(on_accept)) {
  loop.watch(listening_.get(), *this);
}

void Listener::close() {
  // Whoever has connected already has connected to us: closing would reset the kernel's queue.
  if (listening_) accept_some(kLastBatch);
  leave();
}

// Forgotten first: closing takes it out of the loop's set only if no other process has it open.
void Listener::leave() {
  if (!listening_) return;
  loop().forget(listening_.get());
  listening_ = Fd();
}

void Listener::woken() {
  if (!listening_) return;
  switch (accept_some(kAcceptBatch)) {
    case Left::none:
      return;
    case Left::more:
      return wake_soon();
    case Left::nothing_to_accept_with:
      return pause();
  }
}

Listener::Left Listener::accept_some(int most) {
  for (int i = 0; i < most; ++i) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    Fd connection(::accept4(listening_.get(), reinterpret_cast<sockaddr*>(&storage), &length,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connection) {
      if (out_of_resources(errno)) return Left::nothing_to_accept_with;
      if (!would_block(errno)) continue;  // one that went away again
      resume();
      return Left::none;
    }
    on_accept_(std::move(connection), SocketAddress(reinterpret_cast<sockaddr*>(&storage), length));
  }
  return Left::more;
}

// Only when nobody waits any more: one descriptor that came free does not end a shortage.
void Listener::resume() {
  if (!exhausted_) return;
  exhausted_ = false;
  log::info("accept_resumed", "descriptors are available again; accepting connections");
}

// There is no more news of those that wait already. The retry asks accept itself: it fails without
// a descriptor even when nobody waits, so it is what tells that the shortage is over.
void Listener::pause() {
  if (!exhausted_) {
    exhausted_ = true;
    const std::string detail = errno_text(errno);
    log::warn("accept_paused",
              "cannot accept: out of descriptors or memory; new connections wait in the kernel's "
              "queue. raise the descriptor limit (ulimit -n, LimitNOFILE=) or lower "
              "limits.connections",
              {{"error", detail}});
  }
  wake_at(Loop::Clock::now() + kPause);
}

}  // namespace wssgate::net
