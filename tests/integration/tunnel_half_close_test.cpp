// The end of one way is passed on as an end, and the other way goes on.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "support/websocket.h"

namespace wssgate::test {
namespace {

void expect_the_upstream_may_still_send(OpenTunnel& tunnel) {
  EXPECT_EQ(tunnel.upstream().read_all(), "last of the client");
  const std::string late = server_frame(kBinary, noise(300'000));
  tunnel.upstream().write(late);
  EXPECT_TRUE(tunnel.client().read_exactly(late.size()) == late);
  tunnel.drop_upstream();
  EXPECT_EQ(tunnel.client().read_all(), "");
}

TEST(HalfClose, ByCloseNotify) {
  OpenTunnel tunnel;
  tunnel.client().write("last of the client");
  tunnel.client().end_writing();
  expect_the_upstream_may_still_send(tunnel);
}

TEST(HalfClose, ByCloseNotifyAndFin) {
  OpenTunnel tunnel;
  tunnel.client().write("last of the client");
  tunnel.client().end_writing();
  ::shutdown(tunnel.client().fd(), SHUT_WR);
  expect_the_upstream_may_still_send(tunnel);
}

TEST(HalfClose, ByFinAlone) {
  OpenTunnel tunnel;
  tunnel.client().write("last of the client");
  ::shutdown(tunnel.client().fd(), SHUT_WR);
  expect_the_upstream_may_still_send(tunnel);
}

TEST(HalfClose, ByTheUpstream) {
  OpenTunnel tunnel;
  tunnel.upstream().write("last of the upstream");
  tunnel.upstream().end_writing();
  EXPECT_EQ(tunnel.client().read_all(), "last of the upstream");
  const std::string late = client_frame(kBinary, noise(300'000));
  tunnel.client().write(late);
  EXPECT_TRUE(tunnel.upstream().read_exactly(late.size()) == late);
  tunnel.client().end_writing();
  EXPECT_EQ(tunnel.upstream().read_all(), "");
}

}  // namespace
}  // namespace wssgate::test
