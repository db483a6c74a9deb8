// The proxy's own pings: both sides get them, nobody sees the other's pongs, and who does not
// answer has gone.

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/frames.h"
#include "support/websocket.h"

namespace wssgate::test {
namespace {

using namespace std::chrono_literals;

const char* const kOften = "websocket: {ping_interval: 20ms, ping_timeout: 1h}\n";

/// Answers pings until the connection ends; how many there were.
int answer_pings(RawClient& end, bool client) {
  int pings = 0;
  try {
    for (;;) {
      const Frame frame = read_frame(end);
      if (frame.first != kPing) continue;
      ++pings;
      end.write(client ? client_frame(kPong, frame.payload) : server_frame(kPong, frame.payload));
    }
  } catch (const std::exception&) {
    return pings;
  }
}

TEST(TunnelPing, OfTheClientIsAnsweredToTheProxyAlone) {
  OpenTunnel tunnel(kOften);
  for (int i = 0; i < 3; ++i) {
    const Frame ping = read_frame(tunnel.client());
    ASSERT_EQ(ping.first, kPing);
    tunnel.client().write(client_frame(kPong, ping.payload) + client_frame(kText, "after"));
    EXPECT_EQ(read_past_pings(tunnel.upstream()), (Frame{kText, "after"}));
  }
}

TEST(TunnelPing, OfTheUpstreamIsAnsweredToTheProxyAlone) {
  OpenTunnel tunnel(kOften);
  for (int i = 0; i < 3; ++i) {
    const Frame ping = read_frame(tunnel.upstream());
    ASSERT_EQ(ping.first, kPing);
    tunnel.upstream().write(server_frame(kPong, ping.payload) + server_frame(kText, "after"));
    EXPECT_EQ(read_past_pings(tunnel.client()), (Frame{kText, "after"}));
  }
}

TEST(TunnelPing, IsAnsweredInPiecesBetweenFragments) {
  OpenTunnel tunnel(kOften);
  const Frame ping = read_frame(tunnel.client());
  std::string up = client_frame(0x02, "begun ") + client_frame(kPong, ping.payload) +
                   client_frame(kPong, "another") + client_frame(0x80, "ended");
  for (const char byte : up) tunnel.client().write({&byte, 1});
  EXPECT_EQ(read_past_pings(tunnel.upstream()), (Frame{0x02, "begun "}));
  EXPECT_EQ(read_past_pings(tunnel.upstream()), (Frame{kPong, "another"})) << "not one of ours";
  EXPECT_EQ(read_past_pings(tunnel.upstream()), (Frame{0x80, "ended"}));
}

TEST(TunnelPing, NeverStandsInsideAFrame) {
  OpenTunnel tunnel(kOften);
  const std::string frame = server_frame(0xc2, noise(100'000));  // compressed, for all we know
  // Pings that came before it are at its front.
  tunnel.upstream().write(frame.substr(0, 50'000));
  Frame got;
  auto reader = std::async(std::launch::async, [&] { got = read_past_pings(tunnel.client()); });
  std::this_thread::sleep_for(200ms);  // several pings are due meanwhile
  tunnel.upstream().write(frame.substr(50'000));
  reader.get();
  EXPECT_TRUE(got == (Frame{0xc2, noise(100'000)}));
  EXPECT_EQ(read_frame(tunnel.client()).first, kPing) << "it goes on behind the frame";
}

TEST(TunnelPing, LeavesEverythingElseAsItIs) {
  OpenTunnel tunnel("websocket: {ping_interval: 1ms, ping_timeout: 1h}\n");
  constexpr int kFrames = 300;
  auto sender = std::async(std::launch::async, [&] {
    for (int i = 0; i < kFrames; ++i) {
      tunnel.upstream().write(server_frame(0xc2, noise(static_cast<std::size_t>(37) * i, i)));
      if (i % 10 == 0) std::this_thread::sleep_for(2ms);
    }
  });
  for (int i = 0; i < kFrames;) {
    const Frame frame = read_frame(tunnel.client());
    if (frame.first == kPing) {
      tunnel.client().write(client_frame(kPong, frame.payload));
      continue;
    }
    ASSERT_TRUE(frame == (Frame{0xc2, noise(static_cast<std::size_t>(37) * i, i)})) << i;
    ++i;
  }
  sender.get();
  tunnel.client().write(client_frame(kText, "last"));
  EXPECT_EQ(read_past_pings(tunnel.upstream()), (Frame{kText, "last"})) << "no pong before it";
}

TEST(TunnelPing, FindsAClientThatHasGone) {
  OpenTunnel tunnel("websocket: {ping_interval: 50ms, ping_timeout: 1500ms}\n");
  auto upstream =
      std::async(std::launch::async, [&] { return answer_pings(tunnel.upstream(), false); });
  EXPECT_TRUE(tunnel.client().ends());
  EXPECT_GT(upstream.get(), 1);
  EXPECT_TRUE(tunnel.upstream().was_reset()) << "it must not look like an orderly end";
  auto line = tunnel.access_line();
  EXPECT_EQ(line["reason"], "ping_timeout");
  EXPECT_EQ(line["ended_by"], "client");
}

TEST(TunnelPing, FindsAnUpstreamThatHasGone) {
  OpenTunnel tunnel("websocket: {ping_interval: 50ms, ping_timeout: 1500ms}\n");
  EXPECT_GT(answer_pings(tunnel.client(), true), 1);
  auto line = tunnel.access_line();
  EXPECT_EQ(line["reason"], "ping_timeout");
  EXPECT_EQ(line["ended_by"], "upstream");
}

TEST(TunnelPing, TakesAnyByteForAnAnswer) {
  OpenTunnel tunnel("websocket: {ping_interval: 50ms, ping_timeout: 1500ms}\n");
  auto upstream =
      std::async(std::launch::async, [&] { return answer_pings(tunnel.upstream(), false); });
  for (int i = 0; i < 20; ++i) {
    tunnel.client().write(client_frame(kText, "busy"));
    std::this_thread::sleep_for(100ms);
  }
  tunnel.client().write(client_frame(kCloseFrame, close_payload(1000)));
  tunnel.drop_client();
  upstream.get();
  EXPECT_EQ(tunnel.access_line()["client_close_code"], 1000);
}

TEST(TunnelPing, MayBeOffForARoute) {
  Backend backend(websocket_backend());
  RunningGateway gateway({{"test.example"}},
                         "hosts: [{names: [test.example], routes: [{path: /, upstream: backend, "
                         "tunnel: {ping_interval: off}}]}]\n"
                         "upstreams: {backend: {endpoints: [\"" +
                             backend.endpoint() + "\"]}}\n" + kOften);
  TlsClient client(gateway.address(), "test.example");
  client.write(upgrade_request("test.example"));
  client.read_message();
  std::this_thread::sleep_for(200ms);
  client.write(client_frame(kText, "only this"));
  EXPECT_EQ(read_frame(client), (Frame{kText, "only this"}));
}

}  // namespace
}  // namespace wssgate::test
