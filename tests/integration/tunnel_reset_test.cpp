// An abnormal end of one side is no orderly end for the other.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "support/websocket.h"

namespace wssgate::test {
namespace {

TEST(Reset, OfTheClientReachesTheUpstream) {
  OpenTunnel tunnel;
  tunnel.client().reset();
  EXPECT_TRUE(tunnel.upstream().ends());
  EXPECT_TRUE(tunnel.upstream().was_reset());
  auto line = tunnel.access_line();
  EXPECT_EQ(line["reason"], "client_reset");
  EXPECT_EQ(line["ended_by"], "client");
  EXPECT_EQ(line["detail"], "Connection reset by peer");
}

TEST(Reset, OfTheUpstreamReachesTheClient) {
  OpenTunnel tunnel;
  tunnel.upstream().reset();
  EXPECT_TRUE(tunnel.client().ends());
  EXPECT_TRUE(tunnel.client().was_reset());
  auto line = tunnel.access_line();
  EXPECT_EQ(line["reason"], "upstream_reset");
  EXPECT_EQ(line["ended_by"], "upstream");
}

TEST(Reset, AfterBothCloseFramesIsOrderly) {
  OpenTunnel tunnel;
  const std::string close = client_frame(kCloseFrame, close_payload(1000));
  const std::string reply = server_frame(kCloseFrame, close_payload(1000));
  tunnel.client().write(close);
  EXPECT_EQ(tunnel.upstream().read_exactly(close.size()), close);
  tunnel.upstream().write(reply);
  EXPECT_EQ(tunnel.client().read_exactly(reply.size()), reply);
  tunnel.client().reset();

  auto line = tunnel.access_line();
  EXPECT_FALSE(line.contains("reason")) << line;
  EXPECT_EQ(line["ended_by"], "client");
  EXPECT_EQ(line["client_close_code"], 1000);
  EXPECT_EQ(line["upstream_close_code"], 1000);
}

// A server that refuses a large message sends its Close frame and closes its socket with input
// unread, which the kernel turns into a reset. The client must learn the code all the same.
TEST(Reset, OfAnUpstreamThatSaidWhyLetsTheClientKnow) {
  OpenTunnel tunnel;
  const std::string close = server_frame(kCloseFrame, close_payload(1009, "too big"));
  tunnel.client().write(client_frame(kBinary, noise(200'000)));
  tunnel.upstream().read_exactly(1);
  tunnel.upstream().write(close);
  tunnel.drop_upstream();

  EXPECT_EQ(tunnel.client().read_all(), close);
  tunnel.drop_client();
  EXPECT_EQ(tunnel.access_line()["upstream_close_code"], 1009);
}

}  // namespace
}  // namespace wssgate::test
