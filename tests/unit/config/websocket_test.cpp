#include <gtest/gtest.h>

#include "unit/config/loading.h"

namespace wssgate::config {
namespace {

using namespace std::chrono_literals;

TEST(WebSocketTerms, OfARouteStandOverTheGeneralOnes) {
  const Loaded loaded = load(
      complete("websocket: {ping_interval: 10s, max_message: 1MiB, max_age: 24h}\n"
               "hosts: [{names: [a.example], routes: [{upstream: web, tunnel: {ping_interval: off, "
               "idle_timeout: 1h, max_message: off}}]}]\n"));
  ASSERT_TRUE(loaded.config) << loaded.problems;
  const WebSocketTerms& general = loaded.config->websocket;
  EXPECT_EQ(general.ping_interval, 10s);
  EXPECT_EQ(general.ping_timeout, 20s);
  EXPECT_EQ(general.idle_timeout, 0s);
  EXPECT_EQ(general.max_message, std::uint64_t{1} << 20U);
  const WebSocketTerms own = loaded.config->hosts.at(0).routes.at(0).tunnel->over(general);
  EXPECT_EQ(own, (WebSocketTerms{.ping_interval = 0s,
                                 .ping_timeout = 20s,
                                 .idle_timeout = 1h,
                                 .max_age = 24h,
                                 .max_message = 0}));
}

TEST(WebSocketTerms, AreRefusedWithWhatToWrite) {
  expect_refusals(
      Text::fragment,
      {{"websocket: {ping_interval: 0s}",
        "c.yaml:1:28: websocket.ping_interval: '0s' is out of range. write a value from 1ms to "
        "365d, or 'off'."},
       {"websocket: {ping_timeout: off}",
        "c.yaml:1:27: websocket.ping_timeout: 'off' is not a duration. write a whole number with "
        "its unit, ms, s, m, h or d, such as '30s'."},
       {"websocket: {max_message: 10B}",
        "c.yaml:1:26: websocket.max_message: '10B' is out of range. write a value from 1KiB to "
        "1024GiB, or 'off'."},
       {"hosts: [{names: [a.example], routes: [{upstream: web, websocket: refused, tunnel: "
        "{ping_interval: off}}]}]",
        "c.yaml:1:83: tunnel has no meaning where WebSockets are refused. remove it, or "
        "'websocket: refused'."}});
}

}  // namespace
}  // namespace wssgate::config
