// A side that stops reading stops the other side's sending; nothing piles up in the proxy, and
// nothing is lost when the reading goes on.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/websocket.h"

namespace wssgate::test {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20U;

/// The largest buffer that the kernel gives a socket: the last number of tcp_rmem or tcp_wmem.
std::size_t largest_buffer(const std::string& name) {
  std::ifstream file("/proc/sys/net/ipv4/" + name);
  std::size_t number = 0;
  while (file >> number) {
  }
  return number;
}

/// What may be on the way when nothing is read: the kernel's buffers of the proxy's two sockets and
/// the small ones of the test's, and a little in the proxy.
std::size_t most_in_flight() {
  return largest_buffer("tcp_rmem") + largest_buffer("tcp_wmem") + 2 * kMiB;
}
void limit_sending(int fd) {
  const int small = 64 * 1024;
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
}

/// Writes without blocking until the socket takes nothing for a while; how many bytes went.
std::size_t write_until_stuck(int fd, std::string_view bytes) {
  std::size_t sent = 0;
  for (;;) {
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    if (sent == bytes.size() || ::poll(&ready, 1, 500) == 0) return sent;
    const ssize_t more =
        ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (more > 0) sent += static_cast<std::size_t>(more);
  }
}

TEST(BackPressure, AResetIsNoticedThoughTheOtherSideTakesNothing) {
  OpenTunnel tunnel;
  tunnel.client().receive_buffer(64 * 1024);
  limit_sending(tunnel.upstream().fd());
  const std::string message = server_frame(kBinary, noise(2 * most_in_flight()));
  ASSERT_LT(write_until_stuck(tunnel.upstream().fd(), message), message.size());
  tunnel.upstream().reset();
  const auto line = tunnel.access_line();
  EXPECT_EQ(line["reason"], "upstream_reset");
  EXPECT_EQ(line["ended_by"], "upstream");
}

TEST(BackPressure, OfAClientThatStopsReading) {
  OpenTunnel tunnel;
  tunnel.client().receive_buffer(64 * 1024);
  limit_sending(tunnel.upstream().fd());
  const std::string message = server_frame(kBinary, noise(2 * most_in_flight()));

  const std::size_t sent = write_until_stuck(tunnel.upstream().fd(), message);
  EXPECT_LT(sent, most_in_flight());

  auto rest = std::async(std::launch::async,
                         [&] { tunnel.upstream().write(std::string_view(message).substr(sent)); });
  EXPECT_TRUE(tunnel.client().read_exactly(message.size()) == message);
  rest.get();
}

TEST(BackPressure, OfAnUpstreamThatStopsReading) {
  OpenTunnel tunnel;
  tunnel.upstream().receive_buffer(64 * 1024);
  limit_sending(tunnel.client().fd());
  const std::string message = client_frame(kBinary, noise(2 * most_in_flight()));
  std::atomic<std::size_t> sent{0};
  auto sender = std::async(std::launch::async, [&] {
    for (std::size_t at = 0; at < message.size(); at += 65'536) {
      tunnel.client().write(std::string_view(message).substr(at, 65'536));
      sent = at;
    }
  });

  // Bounded polling: until it has not grown for half a second.
  for (std::size_t before = 1; before != sent;) {
    before = sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  EXPECT_LT(sent, most_in_flight());
  EXPECT_TRUE(tunnel.upstream().read_exactly(message.size()) == message);
  sender.get();
}

// The other way is not held up by it.
TEST(BackPressure, OfOneWayLeavesTheOtherOpen) {
  OpenTunnel tunnel;
  write_until_stuck(tunnel.upstream().fd(), noise(2 * most_in_flight()));
  const std::string up = client_frame(kText, "still here");
  tunnel.client().write(up);
  EXPECT_EQ(tunnel.upstream().read_exactly(up.size()), up);
}

}  // namespace
}  // namespace wssgate::test
