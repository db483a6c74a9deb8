#include "net/dial.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "base/errno_text.h"

namespace wssgate::net {
namespace {

Error connect_error(int error) {
  const bool ours = error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS ||
                    error == EADDRNOTAVAIL;
  return Error(ours ? Reason::upstream_unavailable : Reason::upstream_refused,
               ours ? Side::proxy : Side::upstream, errno_text(error));
}

/// A socket whose connection attempt has begun.
Result<Fd> begin(const SocketAddress& address) {
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return connect_error(errno);
  tune_tcp(fd.get());
  if (::connect(fd.get(), address.get(), address.length()) != 0 && errno != EINPROGRESS) {
    return connect_error(errno);
  }
  return fd;
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<TcpStream>>> dial(Loop& loop, SocketAddress address,
                                                         Waiter& waiter) {
  auto fd = begin(address);
  if (!fd) co_return std::move(fd).error();
  auto stream = std::make_unique<TcpStream>(loop, *std::move(fd), Side::upstream);
  stream->attach(&waiter);
  for (;;) {
    const int outcome = stream->connect_result();
    if (outcome == 0) co_return stream;
    if (outcome != EINPROGRESS) co_return connect_error(outcome);
    auto waited = co_await waiter.wait();
    if (!waited) co_return std::move(waited).error();
  }
}

}  // namespace wssgate::net
