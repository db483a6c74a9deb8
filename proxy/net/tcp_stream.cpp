#include "net/tcp_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/errno_text.h"
#include "net/socket.h"

namespace wssgate::net {

Result<Received> TcpStream::receive(std::span<char> into, int flags) {
  if (!socket_.may_read()) return Received{};
  for (;;) {
    const ssize_t got = ::recv(socket_.fd(), into.data(), into.size(), flags);
    if (got > 0) {
      const Received received{.bytes = static_cast<std::size_t>(got)};
      // Less than asked for was all there is, and what comes next is news again. Not so behind the
      // peer's end, of which there is no more news.
      const bool taken = (flags & MSG_PEEK) == 0;
      if (taken && received.bytes < into.size() && !socket_.peer_ended()) socket_.drained();
      return received;
    }
    if (got == 0) return Received{.end = true};
    if (errno == EINTR) continue;
    if (!would_block(errno)) return reset_error(errno_text(errno));
    socket_.drained();
    return Received{};
  }
}

Result<Received> TcpStream::read(std::span<char> into) { return receive(into, 0); }
Result<Received> TcpStream::peek(std::span<char> into) { return receive(into, MSG_PEEK); }

Result<std::size_t> TcpStream::write(std::string_view bytes, int flags) {
  if (!socket_.may_write()) return std::size_t{0};
  for (;;) {
    const ssize_t sent = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | flags);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (errno == EINTR) continue;
    if (!would_block(errno)) return reset_error(errno_text(errno));
    socket_.filled();
    return std::size_t{0};
  }
}

bool TcpStream::end_writing() {
  ::shutdown(socket_.fd(), SHUT_WR);  // fails only where the peer is gone
  return true;
}

int TcpStream::connect_result() {
  pollfd poll_fd{.fd = socket_.fd(), .events = POLLOUT, .revents = 0};
  if (::poll(&poll_fd, 1, 0) == 0) {
    socket_.filled();
    return EINPROGRESS;
  }
  socket_.emptied();
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

}  // namespace wssgate::net
