// A tunnel in which nothing can move uses no processor.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "support/websocket.h"
#include "support/workers.h"

namespace wssgate::test {
namespace {

using namespace std::chrono_literals;

// A worker that spins uses all of the period; the bound leaves a loaded machine much room.
constexpr auto kPeriod = 300ms;
constexpr auto kMost = 100ms;

/// Writes until nothing more fits into the proxy and the kernel's buffers.
std::size_t fill(int fd) {
  const std::string piece(std::size_t{64} * 1024, 'x');
  const timeval patience{.tv_sec = 0, .tv_usec = 300'000};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  std::size_t sent = 0;
  for (;;) {
    const ssize_t more = ::send(fd, piece.data(), piece.size(), MSG_NOSIGNAL);
    if (more <= 0) return sent;
    sent += static_cast<std::size_t>(more);
  }
}

TEST(RestingTunnel, IdleUsesNoProcessor) {
  OpenTunnel tunnel;
  EXPECT_LT(used_within(kPeriod), kMost);
}

TEST(RestingTunnel, BlockedByTheClientUsesNoProcessor) {
  OpenTunnel tunnel;
  EXPECT_GT(fill(tunnel.upstream().fd()), 0U);
  EXPECT_LT(used_within(kPeriod), kMost);
}

TEST(RestingTunnel, HalfClosedByTheClientUsesNoProcessor) {
  OpenTunnel tunnel;
  tunnel.client().end_writing();
  ::shutdown(tunnel.client().fd(), SHUT_WR);
  EXPECT_EQ(tunnel.upstream().read_all(), "");
  EXPECT_LT(used_within(kPeriod), kMost);
}

TEST(RestingTunnel, HalfClosedByTheUpstreamAndBlockedUsesNoProcessor) {
  OpenTunnel tunnel;
  EXPECT_GT(fill(tunnel.upstream().fd()), 0U);
  tunnel.upstream().end_writing();
  EXPECT_LT(used_within(kPeriod), kMost);
}

}  // namespace
}  // namespace wssgate::test
