#include "doctor/wire.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace wssgate::doctor {
namespace {

constexpr std::size_t kMostAtOnce = std::size_t{16} * 1024;

Step step_of(int error) {
  switch (error) {
    case ECONNREFUSED:
      return Step::refused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case ENETDOWN:
      return Step::no_route;
    case ETIMEDOUT:
      return Step::timed_out;
    case ECONNRESET:
    case EPIPE:
      return Step::reset;
    default:
      return Step::failed;
  }
}

}  // namespace

Duration since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - began);
}

int milliseconds_until(Deadline deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 3'600'000));
}

Step Wire::wait_for(short events, Deadline deadline) const {
  for (;;) {
    // Looked at first, so that a peer that never rests does not outlive the deadline.
    const bool is_late = std::chrono::steady_clock::now() >= deadline;
    std::array<pollfd, 2> polled = {pollfd{fd_.get(), events, 0}, pollfd{stop_fd_, POLLIN, 0}};
    const int ready = ::poll(polled.data(), polled.size(), milliseconds_until(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return Step::failed;
    if (polled[1].revents != 0) return Step::interrupted;
    if (is_late) return Step::timed_out;
    if (ready > 0) return Step::ok;
  }
}

bool Wire::pause_until(Deadline time) const {
  for (;;) {
    pollfd polled{stop_fd_, POLLIN, 0};
    const int ready = ::poll(&polled, 1, milliseconds_until(time));
    if (ready > 0) return false;
    if (std::chrono::steady_clock::now() >= time) return true;
  }
}

Step Wire::connect(const SocketAddress& address, Deadline deadline) {
  fd_ = net::Fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd_) return step_of(errno);
  const int on = 1;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd_.get(), address.get(), address.length()) == 0) return Step::ok;
  if (errno != EINPROGRESS) return step_of(errno);
  const Step waited = wait_for(POLLOUT, deadline);
  if (waited != Step::ok) return waited;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error == 0) return Step::ok;
  // What comes later is the network's word; that there is no route is known at once.
  const Step step = step_of(error);
  return step == Step::no_route ? Step::unreachable : step;
}

Step Wire::send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      const Step waited = wait_for(POLLOUT, deadline);
      if (waited != Step::ok) return waited;
    } else if (errno != EINTR) {
      return step_of(errno);
    }
  }
  return Step::ok;
}

Step Wire::receive(std::string& into, Deadline deadline) {
  std::array<char, kMostAtOnce> buffer{};
  for (;;) {
    // Waited first, so that a peer that never rests does not outlive the deadline.
    const Step waited = wait_for(POLLIN, deadline);
    if (waited != Step::ok) return waited;
    const ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(got));
      return Step::ok;
    }
    if (got == 0) return Step::closed;
    if (errno != EAGAIN && errno != EINTR) return step_of(errno);
  }
}

}  // namespace wssgate::doctor
