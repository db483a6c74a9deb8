#include "net/poller.h"

#include <sys/epoll.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "net/socket.h"

namespace wssgate::net {
namespace {

// How many events one turn takes before timers and accepts have theirs.
constexpr int kBatch = 256;

int make_set() {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  return set;
}

}  // namespace

Poller::Poller(asio::io_context& loop) : set_(loop, make_set()) { wait(); }

void Poller::watch(int fd, Socket& socket) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &socket;
  if (epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, fd, &event) != 0) {
    throw std::system_error(errno, std::system_category(), "epoll_ctl");
  }
}

void Poller::wait() {
  set_.async_wait(asio::posix::descriptor_base::wait_read, [this](const asio::error_code& error) {
    if (error) return;
    dispatch();
    wait();
  });
}

// Sockets only take note and wake their coroutine through the loop; nothing is destroyed while the
// batch is walked, so every pointer in it is good.
void Poller::dispatch() {
  std::array<epoll_event, kBatch> events;  // NOLINT(*-member-init): filled by the kernel
  const int count = epoll_wait(set_.native_handle(), events.data(), kBatch, 0);
  for (int i = 0; i < count; ++i) {
    static_cast<Socket*>(events[static_cast<std::size_t>(i)].data.ptr)
        ->on_events(events[static_cast<std::size_t>(i)].events);
  }
}

}  // namespace wssgate::net
