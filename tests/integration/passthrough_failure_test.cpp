// A host that is passed through to an upstream that cannot be reached, or to one, or from a client,
// that stops reading.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/hello.h"
#include "support/live_gateway.h"
#include "support/running_gateway.h"
#include "support/websocket.h"

namespace wssgate::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t kMiB = std::size_t{1} << 20U;

std::string passed_through(const std::string& endpoints) {
  return "hosts: [{names: [legacy.example], passthrough: legacy}]\n"
         "upstreams: {legacy: {endpoints: [" +
         endpoints + "]}}\n";
}

TEST(PassthroughFailure, OfAnUpstreamThatIsDownIsAnAlertAndALine) {
  LiveGateway gateway({"test.example"}, passed_through("127.0.0.1:9"));
  try {
    const TlsClient client(gateway.address(), "legacy.example");
    FAIL() << "accepted";
  } catch (const TlsRefused& refused) {
    EXPECT_EQ(refused.alert, SSL_AD_INTERNAL_ERROR);
  }
  const auto line = gateway.await_events("connection_refused").front();
  EXPECT_EQ(line["reason"], "upstream_refused");
  EXPECT_EQ(line["ended_by"], "upstream");
  EXPECT_EQ(line["server_name"], "legacy.example");
  EXPECT_THAT(line["message"],
              HasSubstr("passed through to the upstream 'legacy', which cannot be reached at "
                        "127.0.0.1:9: "));
}

TEST(PassthroughFailure, OfOneEndpointLeavesTheOthers) {
  Backend backend([](RawClient& proxy, int) {
    proxy.read_some();
    proxy.write("reached");
  });
  RunningGateway gateway({{"test.example"}},
                         passed_through("\"127.0.0.1:9\", \"" + backend.endpoint() + "\""));
  for (int i = 0; i < 4; ++i) {
    RawClient client(gateway.address());
    client.write(captured_hello({.server_name = "legacy.example"}));
    EXPECT_EQ(client.read_exactly(7), "reached");
  }
}

TEST(PassthroughFailure, NeedsNoCertificateAndIsNotMissedInTheStatus) {
  LiveGateway gateway({"test.example"}, passed_through("127.0.0.1:9"));
  EXPECT_TRUE(gateway.status().at("hosts_without_certificate").empty());
}

// A name that was passed through has no certificate to go on with.
TEST(PassthroughFailure, OfAReloadThatTerminatesWithoutACertificate) {
  LiveGateway gateway({"test.example"}, passed_through("127.0.0.1:9"));
  gateway.configure(hosts_for({"legacy.example"}, "127.0.0.1:9"));
  const auto answer = gateway.reload();
  EXPECT_EQ(answer.at("ok"), false);
  EXPECT_THAT(answer.at("refused").dump(), HasSubstr("no valid certificate covers"));
  gateway.renew("legacy.example");
  EXPECT_EQ(gateway.reload().at("ok"), true);
  EXPECT_NO_THROW(gateway.presented("legacy.example"));
}

/// What the kernel may hold for the proxy's two sockets, and a little in the proxy and the test.
std::size_t most_in_flight() {
  std::size_t sum = 2 * kMiB;
  for (const char* name : {"tcp_rmem", "tcp_wmem"}) {
    std::ifstream file(std::string("/proc/sys/net/ipv4/") + name);
    std::size_t number = 0;
    while (file >> number) {
    }
    sum += number;
  }
  return sum;
}

TEST(PassthroughFailure, OfAClientThatStopsReadingStopsTheUpstream) {
  const std::string answer = noise(2 * most_in_flight());
  std::atomic<std::size_t> sent{0};
  Backend backend([&](RawClient& proxy, int) {
    proxy.read_some();
    const int small = 64 * 1024;
    setsockopt(proxy.fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    for (std::size_t at = 0; at < answer.size(); at += 65'536) {
      proxy.write(std::string_view(answer).substr(at, 65'536));
      sent = at;
    }
  });
  RunningGateway gateway({{"test.example"}}, passed_through("\"" + backend.endpoint() + "\""));
  RawClient client(gateway.address());
  client.receive_buffer(64 * 1024);
  client.write(captured_hello({.server_name = "legacy.example"}));

  // Bounded polling: until it has begun, and has not grown for half a second.
  for (std::size_t before = 1; before != sent || sent == 0;) {
    before = sent;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  EXPECT_LT(sent, most_in_flight());
  EXPECT_TRUE(client.read_all() == answer);
}

}  // namespace
}  // namespace wssgate::test
