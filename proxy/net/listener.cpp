#include "net/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

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

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

[[noreturn]] void throw_errno(const char* call) {
  throw std::system_error(errno, std::system_category(), call);
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

Listener::Listener(asio::io_context& loop, Fd listening, OnAccept on_accept)
    : listening_(loop, listening.release()), retry_(loop), on_accept_(std::move(on_accept)) {
  wait();
}

void Listener::close() {
  // Whoever has connected already has connected to us: closing would reset the kernel's queue.
  if (listening_.is_open()) accept_some(kLastBatch);
  leave();
}

// Released first: Asio leaves it to the kernel to take a closed descriptor out of its epoll set,
// which the kernel does not while another process has the socket open.
void Listener::leave() {
  if (listening_.is_open()) const Fd closing(listening_.release());
  retry_.cancel();
}

void Listener::wait() {
  listening_.async_wait(asio::posix::descriptor_base::wait_read,
                        [this](const asio::error_code& error) {
                          if (!error && listening_.is_open()) accept_or_pause();
                        });
}

void Listener::accept_or_pause() {
  if (accept_some(kAcceptBatch)) {
    wait();
  } else {
    pause();
  }
}

bool Listener::accept_some(int most) {
  for (int i = 0; i < most; ++i) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    Fd connection(::accept4(listening_.native_handle(), reinterpret_cast<sockaddr*>(&storage),
                            &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!connection) {
      if (out_of_resources(errno)) return false;
      if (would_block(errno)) resume();
      return true;  // none left, or one that went away again
    }
    on_accept_(std::move(connection), SocketAddress(reinterpret_cast<sockaddr*>(&storage), length));
  }
  return true;
}

// Only when nobody waits any more: one descriptor that came free does not end a shortage.
void Listener::resume() {
  if (!exhausted_) return;
  exhausted_ = false;
  log::info("accept_resumed", "descriptors are available again; accepting connections");
}

// The listening socket stays readable, so waiting for it again at once would spin. The retry asks
// accept itself, not for readiness: it fails without a descriptor even when nobody waits, so it is
// what tells that the shortage is over.
void Listener::pause() {
  if (!exhausted_) {
    exhausted_ = true;
    const std::string detail = std::system_category().message(errno);
    log::warn("accept_paused",
              "cannot accept: out of descriptors or memory; new connections wait in the kernel's "
              "queue. raise the descriptor limit (ulimit -n, LimitNOFILE=) or lower "
              "limits.connections",
              {{"error", detail}});
  }
  retry_.expires_after(kPause);
  retry_.async_wait([this](const asio::error_code& error) {
    if (!error && listening_.is_open()) accept_or_pause();
  });
}

}  // namespace wssgate::net
