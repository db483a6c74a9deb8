// RFC 6455 §4.1: an upstream's 101 is checked, and one that never comes is given up.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "net/listener.h"
#include "support/websocket.h"

namespace wssgate::test {
namespace {

struct Case {
  std::string name;
  std::string answer;
};

class BadAnswer : public testing::TestWithParam<Case> {};

TEST_P(BadAnswer, Is502) {
  const Backend backend([](RawClient& proxy, int) {
    proxy.read_message();
    proxy.write(GetParam().answer);
    proxy.read_all();
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");

  client.write(upgrade_request("test.example"));

  EXPECT_EQ(client.read_message().substr(0, 12), "HTTP/1.1 502");
  auto line = gateway.access_lines(1)[0];
  EXPECT_EQ(line["reason"], "malformed_upgrade_response");
  EXPECT_EQ(line["ended_by"], "upstream");
}

const std::string k101 = "HTTP/1.1 101 Switching Protocols\r\n";
const std::string kAccept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

INSTANTIATE_TEST_SUITE_P(
    All, BadAnswer,
    testing::Values(Case{"wrong_accept", k101 + "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                                "Sec-WebSocket-Accept: AAAALMBiTxaQ9kYGzzhZRbK+xOo="
                                                "\r\n\r\n"},
                    Case{"no_accept", k101 + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"},
                    Case{"two_accepts", k101 + "Connection: Upgrade\r\nUpgrade: websocket\r\n" +
                                            kAccept + kAccept + "\r\n"},
                    Case{"no_upgrade", k101 + "Connection: Upgrade\r\n" + kAccept + "\r\n"},
                    Case{"other_upgrade",
                         k101 + "Connection: Upgrade\r\nUpgrade: h2c\r\n" + kAccept + "\r\n"},
                    Case{"no_connection", k101 + "Upgrade: websocket\r\n" + kAccept + "\r\n"}),
    [](const auto& c) { return c.param.name; });

TEST(SilentUpstream, Is504AfterTheUpgradeTimeout) {
  const Backend backend([](RawClient& proxy, int) {
    proxy.read_message();
    proxy.read_all();
  });
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {upgrade: 50ms}\n"));
  TlsClient client(gateway.address(), "test.example");

  client.write(upgrade_request("test.example"));

  EXPECT_EQ(client.read_message().substr(0, 12), "HTTP/1.1 504");
  EXPECT_EQ(gateway.access_lines(1)[0]["reason"], "upstream_timeout");
}

// A byte now and then is no answer.
TEST(TricklingUpstream, Is504AfterTheUpgradeTimeout) {
  const Backend backend([](RawClient& proxy, int) {
    proxy.read_message();
    for (;;) {  // until the proxy closes
      proxy.write("x");
      try {
        const timeval pause{.tv_sec = 0, .tv_usec = 20'000};
        setsockopt(proxy.fd(), SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
        if (proxy.read_some().empty()) return;
      } catch (const std::system_error& error) {
        if (error.code().value() != EAGAIN) throw;
      }
    }
  });
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {upgrade: 200ms}\n"));
  TlsClient client(gateway.address(), "test.example");

  client.write(upgrade_request("test.example"));

  EXPECT_EQ(client.read_message().substr(0, 12), "HTTP/1.1 504");
}

TEST(RefusingUpstream, Is502) {
  std::string nobody;
  {
    const net::Fd bound = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
    nobody = net::bound_address(bound.get()).text();
  }
  RunningGateway gateway({{"test.example"}}, one_host(nobody));
  TlsClient client(gateway.address(), "test.example");

  client.write(upgrade_request("test.example"));

  EXPECT_EQ(client.read_message().substr(0, 12), "HTTP/1.1 502");
  EXPECT_EQ(gateway.access_lines(1)[0]["reason"], "upstream_refused");
}

TEST(ClosingUpstream, Is502) {
  const Backend backend([](RawClient& proxy, int) { proxy.read_message(); });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");

  client.write(upgrade_request("test.example"));

  EXPECT_EQ(client.read_message().substr(0, 12), "HTTP/1.1 502");
  EXPECT_EQ(gateway.access_lines(1)[0]["reason"], "upstream_closed");
}

}  // namespace
}  // namespace wssgate::test
