// The line of a tunnel tells who ended it, how, and why a program reports 1006.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>

#include "control/server.h"
#include "support/websocket.h"

namespace wssgate::test {
namespace {

void exchange_close(RawClient& first, RawClient& second, const std::string& close,
                    const std::string& reply) {
  first.write(close);
  second.read_exactly(close.size());
  second.write(reply);
  first.read_exactly(reply.size());
}

TEST(TunnelLine, OfACloseByTheClient) {
  OpenTunnel tunnel;
  const std::string up = client_frame(kText, "one") + client_frame(kPing, "");
  const std::string down = server_frame(kText, "a") + server_frame(kText, "b");
  tunnel.client().write(up);
  tunnel.upstream().read_exactly(up.size());
  tunnel.upstream().write(down);
  tunnel.client().read_exactly(down.size());
  const std::string close = client_frame(kCloseFrame, close_payload(1001, "away"));
  const std::string reply = server_frame(kCloseFrame, close_payload(1001));
  exchange_close(tunnel.client(), tunnel.upstream(), close, reply);
  tunnel.drop_upstream();
  EXPECT_EQ(tunnel.client().read_all(), "");
  tunnel.drop_client();

  auto line = tunnel.access_line();
  EXPECT_EQ(line["event"], "tunnel");
  EXPECT_EQ(line["status"], 101);
  EXPECT_EQ(line["method"], "GET");
  EXPECT_EQ(line["path"], "/");
  EXPECT_EQ(line["upstream"], "backend");
  EXPECT_EQ(line["tls"], "TLSv1.3");
  EXPECT_EQ(line["ended_by"], "client");
  EXPECT_EQ(line["client_close_code"], 1001);
  EXPECT_EQ(line["upstream_close_code"], 1001);
  EXPECT_EQ(line["messages_received"], 1);
  EXPECT_EQ(line["messages_sent"], 2);
  EXPECT_EQ(line["bytes_received"], up.size() + close.size());
  EXPECT_EQ(line["bytes_sent"], down.size() + reply.size());
  EXPECT_GE(line["duration_ms"].get<double>(), 0.0);
  EXPECT_FALSE(line.contains("reason")) << line;
}

TEST(TunnelLine, OfACloseByTheUpstream) {
  OpenTunnel tunnel;
  exchange_close(tunnel.upstream(), tunnel.client(), server_frame(kCloseFrame, close_payload(1012)),
                 client_frame(kCloseFrame, ""));
  tunnel.drop_upstream();
  tunnel.drop_client();

  auto line = tunnel.access_line();
  EXPECT_EQ(line["ended_by"], "upstream");
  EXPECT_EQ(line["upstream_close_code"], 1012);
  EXPECT_EQ(line["client_close_code"], 1005);
  EXPECT_FALSE(line.contains("reason")) << line;
}

TEST(TunnelLine, OfAClientThatJustLeft) {
  OpenTunnel tunnel;
  tunnel.client().end_writing();
  EXPECT_EQ(tunnel.upstream().read_all(), "");
  tunnel.drop_upstream();

  auto line = tunnel.access_line();
  EXPECT_EQ(line["ended_by"], "client");
  EXPECT_EQ(line["reason"], "client_closed");
  EXPECT_EQ(line["detail"], "closed without a Close frame; the other side sees 1006");
  EXPECT_FALSE(line.contains("client_close_code"));
}

TEST(TunnelLine, OfAnUpstreamThatJustLeft) {
  OpenTunnel tunnel;
  tunnel.drop_upstream();
  EXPECT_EQ(tunnel.client().read_all(), "");
  tunnel.drop_client();

  auto line = tunnel.access_line();
  EXPECT_EQ(line["ended_by"], "upstream");
  EXPECT_EQ(line["reason"], "upstream_closed");
  EXPECT_EQ(line["detail"], "closed without a Close frame; the other side sees 1006");
}

// The client waits for the answer to its Close frame; its program reports 1006.
TEST(TunnelLine, OfAnUpstreamThatDoesNotAnswerAClose) {
  OpenTunnel tunnel;
  const std::string close = client_frame(kCloseFrame, close_payload(1000));
  tunnel.client().write(close);
  tunnel.upstream().read_exactly(close.size());
  tunnel.drop_upstream();
  EXPECT_EQ(tunnel.client().read_all(), "");
  tunnel.drop_client();

  auto line = tunnel.access_line();
  EXPECT_EQ(line["ended_by"], "client");
  EXPECT_EQ(line["client_close_code"], 1000);
  EXPECT_EQ(line["reason"], "upstream_closed");
  EXPECT_EQ(line["detail"], "closed without answering the Close frame; the other side sees 1006");
}

TEST(TunnelLine, OfATunnelCutByTheProxy) {
  OpenTunnel tunnel;
  tunnel.gateway().server().stop();
  EXPECT_TRUE(tunnel.client().ends());
  EXPECT_TRUE(tunnel.upstream().ends());

  auto line = tunnel.access_line();
  EXPECT_EQ(line["ended_by"], "proxy");
  EXPECT_EQ(line["reason"], "draining");
}

}  // namespace
}  // namespace wssgate::test
