// Tunnels that the proxy closes itself: a Close frame for both sides, at a frame boundary, and time
// to answer it.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "control/server.h"
#include "support/frames.h"
#include "support/websocket.h"

namespace wssgate::test {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

/// The next frame is a Close with this code, which is answered.
void answer_close(RawClient& end, bool client, std::uint16_t code) {
  const Frame close = read_frame(end);
  EXPECT_EQ(close_code(close), code);
  end.write(client ? client_frame(kCloseFrame, close.payload)
                   : server_frame(kCloseFrame, close.payload));
}

TEST(TunnelClose, ForADrainIsAnsweredByBothSides) {
  OpenTunnel tunnel;
  tunnel.gateway().server().drain();
  answer_close(tunnel.client(), true, 1012);
  answer_close(tunnel.upstream(), false, 1012);
  EXPECT_EQ(tunnel.upstream().read_all(), "");
  tunnel.drop_upstream();
  EXPECT_EQ(tunnel.client().read_all(), "");

  auto line = tunnel.access_line();
  EXPECT_EQ(line["ended_by"], "proxy");
  EXPECT_EQ(line["reason"], "draining");
  EXPECT_EQ(line["proxy_close_code"], 1012);
  EXPECT_EQ(line["client_close_code"], 1012);
  EXPECT_EQ(line["upstream_close_code"], 1012);
  EXPECT_EQ(line["detail"], "closed with 1012: the client answered, the upstream answered");
}

TEST(TunnelClose, WaitsForTheEndOfAFrameOfTheClient) {
  OpenTunnel tunnel;
  const std::string large = client_frame(kBinary, noise(1'000'000));
  tunnel.client().write(large.substr(0, 300'000));
  std::string arrived = tunnel.upstream().read_exactly(300'000);
  tunnel.gateway().server().drain();
  const Frame close = read_frame(tunnel.client());
  EXPECT_EQ(close_code(close), 1012) << "its own way is at a boundary";
  auto sender = std::async(std::launch::async, [&] {
    tunnel.client().write(large.substr(300'000));
    tunnel.client().write(client_frame(kText, "too late"));
    tunnel.client().write(client_frame(kCloseFrame, close.payload));
  });
  arrived += tunnel.upstream().read_exactly(large.size() - 300'000);
  sender.get();
  EXPECT_TRUE(arrived == large);
  answer_close(tunnel.upstream(), false, 1012);
  EXPECT_EQ(tunnel.upstream().read_all(), "") << "nothing follows a Close";
}

TEST(TunnelClose, WaitsForTheEndOfAFrameOfTheUpstream) {
  OpenTunnel tunnel;
  const std::string large = server_frame(0x02, noise(1'000'000));  // a fragment
  tunnel.upstream().write(large.substr(0, 300'000));
  std::string arrived = tunnel.client().read_exactly(300'000);
  tunnel.gateway().server().drain();
  const Frame close = read_frame(tunnel.upstream());
  EXPECT_EQ(close_code(close), 1012) << "its own way is at a boundary";
  auto sender = std::async(std::launch::async, [&] {
    tunnel.upstream().write(large.substr(300'000) + server_frame(0x80, "dropped") +
                            server_frame(kCloseFrame, close.payload));
  });
  arrived += tunnel.client().read_exactly(large.size() - 300'000);
  EXPECT_TRUE(arrived == large);
  answer_close(tunnel.client(), true, 1012);
  sender.get();
  EXPECT_EQ(tunnel.client().read_all(), "");
}

TEST(TunnelClose, IsAResetForWhoDoesNotAnswerWithinTheDrainTime) {
  OpenTunnel tunnel("timeouts: {drain: 1s}\n");
  tunnel.gateway().server().drain();
  answer_close(tunnel.upstream(), false, 1012);
  EXPECT_EQ(close_code(read_frame(tunnel.client())), 1012);
  EXPECT_TRUE(tunnel.client().ends());
  EXPECT_TRUE(tunnel.client().was_reset());
  EXPECT_EQ(tunnel.upstream().read_all(), "") << "an orderly end";
  auto line = tunnel.access_line();
  EXPECT_EQ(line["reason"], "draining");
  EXPECT_EQ(line["detail"], "closed with 1012: the client did not answer, the upstream answered");
}

TEST(TunnelClose, IsAResetWhereThereIsNoFrameBoundary) {
  OpenTunnel tunnel;
  tunnel.client().write("no frames at all");
  tunnel.upstream().read_exactly(16);
  tunnel.gateway().server().drain();
  answer_close(tunnel.client(), true, 1012);
  EXPECT_TRUE(tunnel.upstream().ends());
  EXPECT_TRUE(tunnel.upstream().was_reset());
  EXPECT_EQ(tunnel.access_line()["proxy_close_code"], 1012);
}

TEST(TunnelClose, LeavesAloneWhoIsClosingAlready) {
  OpenTunnel tunnel;
  tunnel.client().write(client_frame(kCloseFrame, close_payload(1000)));
  EXPECT_EQ(close_code(read_frame(tunnel.upstream())), 1000);
  tunnel.gateway().server().drain();
  tunnel.upstream().write(server_frame(kCloseFrame, close_payload(1000)));
  EXPECT_EQ(close_code(read_frame(tunnel.client())), 1000);
  tunnel.drop_upstream();
  EXPECT_EQ(tunnel.client().read_all(), "");
  tunnel.drop_client();
  EXPECT_EQ(tunnel.access_line()["ended_by"], "client");
}

TEST(TunnelClose, OfADrainIsSpreadOverItsTime) {
  constexpr int kTunnels = 8;
  const Backend backend(websocket_backend());
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "timeouts: {drain: 12s}\n"));
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (int i = 0; i < kTunnels; ++i) {
    clients.push_back(std::make_unique<TlsClient>(gateway.address(), "test.example"));
    clients.back()->write(upgrade_request("test.example"));
    clients.back()->read_message();
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    setsockopt(clients.back()->fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  const auto begun = Clock::now();
  gateway.server().drain();
  std::vector<std::future<Clock::duration>> ends;
  for (const auto& client : clients) {
    ends.push_back(std::async(std::launch::async, [&client, begun] {
      answer_close(*client, true, 1012);
      const auto taken = Clock::now() - begun;
      EXPECT_EQ(client->read_all(), "");
      return taken;
    }));
  }
  int early = 0;
  Clock::duration last{};
  for (auto& end : ends) {
    const auto taken = end.get();
    if (taken < 1s) ++early;
    last = std::max(last, taken);
  }
  // Each of the two workers spreads its own over 9 s; one of them has at least four.
  EXPECT_GE(last, 6s);
  EXPECT_LE(early, kTunnels / 2);
}

TEST(TunnelClose, ForAMessageThatIsTooLarge) {
  OpenTunnel tunnel("websocket: {max_message: 1KiB}\n");
  tunnel.client().write(client_frame(kBinary, noise(1024)));
  EXPECT_TRUE(read_frame(tunnel.upstream()) == (Frame{kBinary, noise(1024)}));
  const std::string large = client_frame(kBinary, noise(1025));
  for (const char byte : large.substr(0, 20)) tunnel.client().write({&byte, 1});
  tunnel.client().write(large.substr(20));
  answer_close(tunnel.upstream(), false, 1009);
  answer_close(tunnel.client(), true, 1009);
  EXPECT_EQ(tunnel.upstream().read_all(), "");
  auto line = tunnel.access_line();
  EXPECT_EQ(line["reason"], "message_too_large");
  EXPECT_EQ(line["ended_by"], "proxy");
  EXPECT_EQ(line["proxy_close_code"], 1009);
  EXPECT_EQ(line["detail"],
            "a message of the client is larger than websocket.max_message; closed with 1009: the "
            "client answered, the upstream answered");
}

TEST(TunnelClose, ForAMessageThatIsTooLargeInFragments) {
  OpenTunnel tunnel("websocket: {max_message: 1KiB}\n");
  tunnel.upstream().write(server_frame(0x01, noise(600)) + server_frame(kPing, "!") +
                          server_frame(0x80, noise(600)));
  EXPECT_TRUE(read_frame(tunnel.client()) == (Frame{0x01, noise(600)}));
  EXPECT_EQ(read_frame(tunnel.client()), (Frame{kPing, "!"}));
  answer_close(tunnel.client(), true, 1009);
  answer_close(tunnel.upstream(), false, 1009);
  EXPECT_EQ(tunnel.client().read_all(), "");
  EXPECT_EQ(tunnel.access_line()["reason"], "message_too_large");
}

TEST(TunnelClose, AtItsMaximalAge) {
  OpenTunnel tunnel("websocket: {max_age: 200ms}\n");
  answer_close(tunnel.client(), true, 1012);
  answer_close(tunnel.upstream(), false, 1012);
  EXPECT_EQ(tunnel.client().read_all(), "");
  EXPECT_EQ(tunnel.access_line()["reason"], "max_age");
}

TEST(TunnelClose, AfterTheIdleTimeThatOurPingsDoNotProlong) {
  OpenTunnel tunnel("websocket: {idle_timeout: 400ms, ping_interval: 100ms, ping_timeout: 1h}\n");
  const Frame ping = read_frame(tunnel.client());
  EXPECT_EQ(ping.first, kPing);
  tunnel.client().write(client_frame(kPong, ping.payload));
  const Frame close = read_past_pings(tunnel.client());
  EXPECT_EQ(close_code(close), 1001);
  tunnel.client().write(client_frame(kCloseFrame, close.payload));
  EXPECT_EQ(close_code(read_past_pings(tunnel.upstream())), 1001);
  tunnel.upstream().write(server_frame(kCloseFrame, close.payload));
  EXPECT_EQ(tunnel.client().read_all(), "");
  EXPECT_EQ(tunnel.access_line()["reason"], "idle");
}

}  // namespace
}  // namespace wssgate::test
