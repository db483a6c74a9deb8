#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <utility>

namespace wssgate::net {
namespace {

// What the kernel queues beyond what is on its way. Without a limit that is up to 4 MiB a slow
// reader, and the kernel tells of room only when a third of it has gone: slow would look stalled.
constexpr int kMostNotSent = 256 * 1024;

}  // namespace

// Seconds. A tunnel may be silent for days, so only the kernel can tell that its peer is gone; home
// routers forget a silent connection after some minutes, which the probes prevent as well.
constexpr int kProbeAfter = 60;
constexpr int kProbeEvery = 15;
constexpr int kProbes = 4;

void tune_tcp(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMostNotSent, sizeof kMostNotSent);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kProbeAfter, sizeof kProbeAfter);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kProbeEvery, sizeof kProbeEvery);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &kProbes, sizeof kProbes);
}

void Socket::on_events(std::uint32_t events) {
  constexpr std::uint32_t kBroken = EPOLLHUP | EPOLLERR;
  const bool to_read = (events & (EPOLLIN | EPOLLRDHUP | kBroken)) != 0;
  const bool to_write = (events & (EPOLLOUT | kBroken)) != 0 && !writable_;
  if (to_read) readable_ = true;
  if (to_write) writable_ = true;
  if ((events & (EPOLLRDHUP | kBroken)) != 0) peer_ended_ = true;
  if ((events & EPOLLERR) != 0) broken_ = true;
  if (to_read || to_write) wake();  // news of one comes with what is known of the other
}

void Socket::filled() {
  writable_ = false;
  if (std::exchange(watches_writing_, true)) return;
  loop_.watch_writing(fd_.get(), *this);
}

void Socket::reset_on_close() {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace wssgate::net
