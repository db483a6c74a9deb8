#include <gtest/gtest.h>

#include "unit/config/loading.h"

namespace wssgate::config {
namespace {

using namespace std::chrono_literals;

Upstream upstream(const std::string& text) {
  const Loaded loaded = load(complete("upstreams: {web: " + text + "}"));
  EXPECT_EQ(loaded.problems, "");
  return loaded.config ? loaded.config->upstreams.at(0) : Upstream();
}

TEST(Upstreams, EndpointsAreAddressesOrMappings) {
  const Upstream web = upstream(
      "{endpoints: [127.0.0.1:1, {address: \"[::1]:2\", weight: 7, backup: true, "
      "max_connections: 50}]}");
  ASSERT_EQ(web.endpoints.size(), 2U);
  EXPECT_EQ(web.endpoints[0].text, "127.0.0.1:1");
  EXPECT_EQ(web.endpoints[0].at.column, 31U);
  EXPECT_EQ(web.endpoints[0].weight, 1U);
  EXPECT_FALSE(web.endpoints[0].backup);
  EXPECT_EQ(web.endpoints[0].max_connections.value, 0U) << "no limit";
  EXPECT_EQ(web.endpoints[1].text, "[::1]:2");
  EXPECT_EQ(web.endpoints[1].weight, 7U);
  EXPECT_TRUE(web.endpoints[1].backup);
  EXPECT_EQ(web.endpoints[1].max_connections.value, 50U);
}

TEST(Upstreams, Balance) {
  const auto balance = [](const std::string& text) {
    return upstream("{endpoints: [127.0.0.1:1]" + text + "}").balance;
  };
  EXPECT_EQ(balance("").method, BalanceMethod::least_connections);
  EXPECT_EQ(balance(", balance: round_robin").method, BalanceMethod::round_robin);
  EXPECT_EQ(balance(", balance: random_two").method, BalanceMethod::random_two);
  EXPECT_FALSE(balance(", balance: random_two").hash);

  const auto by_address = balance(", balance: {hash: {by: client_address}}").hash;
  ASSERT_TRUE(by_address);
  EXPECT_EQ(by_address->by.header.value + by_address->by.cookie.value + by_address->by.query.value,
            "");
  const auto by_cookie = balance(", balance: {hash: {by: {cookie: session}}}").hash;
  ASSERT_TRUE(by_cookie);
  EXPECT_EQ(by_cookie->by.cookie.value, "session");
  EXPECT_EQ(by_cookie->by.header.value, "");
}

TEST(Upstreams, Health) {
  EXPECT_FALSE(upstream("{endpoints: [127.0.0.1:1]}").health);
  const auto health =
      upstream("{endpoints: [127.0.0.1:1], health: {check: tcp, interval: 1s}}").health;
  ASSERT_TRUE(health);
  EXPECT_EQ(health->check, HealthCheck::tcp);
  EXPECT_EQ(health->interval, 1s);
  EXPECT_EQ(health->timeout, 2s);
}

TEST(Refusals, Upstreams) {
  const auto in_web = [](const std::string& text) {
    return "upstreams:\n  web:\n    endpoints: [127.0.0.1:1]\n    " + text;
  };
  expect_refusals(
      Text::fragment,
      {
          {in_web("balance: hash"),
           "c.yaml:4:14: upstreams.web.balance: 'hash' does not say what to hash. write '{hash: "
           "{by: client_address}}'."},
          {in_web("balance: fastest"),
           "c.yaml:4:14: upstreams.web.balance: 'fastest' is not one of the words that can stand "
           "here. write one of: least_connections, round_robin, random_two."},
          {in_web("balance: {}"),
           "c.yaml:4:14: upstreams.web.balance has no 'hash'. add it, such as 'hash: {by: "
           "client_address}'."},
          {in_web("balance: {hash: {by: {heder: X-User}}}"),
           "c.yaml:4:27: unknown key 'heder' in upstreams.web.balance.hash.by. write 'header' if "
           "you meant that."},
          {in_web("balance: {hash: {by: {header: \"X User\"}}}"),
           "c.yaml:4:35: upstreams.web.balance.hash.by.header: 'X User' holds characters that no "
           "name here can. use letters, digits and !$%'*+-.:[]^_`|~ only."},
          {in_web("queue: {length: -1}"),
           "c.yaml:4:21: upstreams.web.queue.length: '-1' is not a whole number. write a number "
           "from 0 to 100000, in digits only."},
          {in_web("ejection: {time: 10m, max_time: 1m}"),
           "c.yaml:4:37: ejection.max_time is shorter than ejection.time, which is 10m. give it "
           "at least that."},
          {in_web("health: {check: ping}"),
           "c.yaml:4:21: upstreams.web.health.check: 'ping' is not one of the words that can "
           "stand here. write one of: http, tcp, websocket."},
          {"upstreams:\n  web:\n    endpoints: [{weight: 2}]",
           "c.yaml:3:17: upstreams.web.endpoints[0] has no 'address'. add it, such as 'address: "
           "127.0.0.1:3000'."},
          {"upstreams:\n  web:\n    endpoints: [{address: 127.0.0.1:1, weight: 0}]",
           "c.yaml:3:48: upstreams.web.endpoints[0].weight: '0' is out of range. write a value "
           "from 1 to 1000."},
          {"upstreams:\n  web:\n    endpoints: [127.0.0.1:1, {address: 127.0.0.1:1}]",
           "c.yaml:3:30: the endpoint 127.0.0.1:1 stands twice in this upstream, first at line 3, "
           "column 17. remove one of them."},
          {"upstreams:\n  web:\n    endpoints: [{address: 127.0.0.1:1, backup: true}]",
           "c.yaml:3:17: every endpoint of web is a backup, and of none. leave 'backup' out where "
           "the requests are to go."},
      });
}

}  // namespace
}  // namespace wssgate::config
