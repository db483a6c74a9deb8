// What one client address may have: connections, handshakes, requests.

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/eventually.h"
#include "support/http_text.h"
#include "support/live_gateway.h"
#include "support/running_gateway.h"

namespace wssgate::test {
namespace {

Backend::Script served() {
  return answering([](const std::string&) { return ok("served"); });
}

TEST(AddressLimits, CloseTheConnectionThatIsOneTooMany) {
  const Backend backend(served());
  const RunningGateway gateway(
      {{"test.example"}}, one_host(backend.endpoint(), "limits: {connections_per_address: 2}\n"));
  auto first = std::make_unique<TlsClient>(gateway.address(), "test.example");
  const TlsClient second(gateway.address(), "test.example");
  EXPECT_THROW(TlsClient(gateway.address(), "test.example"), TlsRefused);

  first.reset();
  EXPECT_TRUE(eventually([&] {
    try {
      const TlsClient again(gateway.address(), "test.example");
      return true;
    } catch (const TlsRefused&) {
      return false;
    }
  })) << "the place is free again";
}

TEST(AddressLimits, CloseTheHandshakeThatComesTooSoon) {
  const Backend backend(served());
  const RunningGateway gateway(
      {{"test.example"}}, one_host(backend.endpoint(), "limits: {handshakes_per_address: 2/1h}\n"));
  const TlsClient first(gateway.address(), "test.example");
  const TlsClient second(gateway.address(), "test.example");
  EXPECT_THROW(TlsClient(gateway.address(), "test.example"), TlsRefused);
}

TEST(AddressLimits, AnswerTheRequestThatComesTooSoon) {
  const Backend backend(served());
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "limits: {requests_per_address: 2/1h}\n"));
  TlsClient client(gateway.address(), "test.example");
  EXPECT_EQ(status_of(get(client, "test.example")), 200);
  EXPECT_EQ(status_of(get(client, "test.example")), 200);
  const std::string refused = get(client, "test.example");
  EXPECT_EQ(status_of(refused), 429);
  EXPECT_EQ(field_of(refused, "Retry-After"), "1");
  EXPECT_EQ(status_of(get(client, "test.example")), 429) << "the connection stays";
  EXPECT_EQ(gateway.access_lines(4).at(2)["reason"], "request_rate");
}

TEST(AddressLimits, ExemptTrustedProxies) {
  const Backend backend(served());
  const RunningGateway gateway(
      {{"test.example"}}, one_host(backend.endpoint(),
                                   "trusted_proxies: [127.0.0.0/8]\n"
                                   "limits: {connections_per_address: 1, handshakes_per_address: "
                                   "1/1h, requests_per_address: 1/1h}\n"));
  const TlsClient first(gateway.address(), "test.example");
  TlsClient second(gateway.address(), "test.example");
  EXPECT_EQ(status_of(get(second, "test.example")), 200);
  EXPECT_EQ(status_of(get(second, "test.example")), 200);
}

// Whoever is not a proxy has its own address, whatever it may say or not say.
TEST(AddressLimits, HoldForTheSilentWhereOthersSendPROXYHeaders) {
  const Backend backend(served());
  const RunningGateway gateway(
      {{"test.example"}},
      one_host(backend.endpoint(),
               "listeners: [{address: \"127.0.0.1:0\", proxy_protocol: {from: [127.0.0.9]}}]\n"
               "limits: {connections_per_address: 1}\n"));
  const RawClient silent(gateway.address());
  RawClient second(gateway.address());
  EXPECT_TRUE(second.ends());
}

TEST(AddressLimits, LeaveNoFloodOfAccessLinesEither) {
  const Backend backend(served());
  RunningGateway gateway({{"test.example"}},
                         one_host(backend.endpoint(), "limits: {requests_per_address: 1/1h}\n"));
  TlsClient client(gateway.address(), "test.example");
  constexpr std::size_t kRefused = 200;
  EXPECT_EQ(status_of(get(client, "test.example")), 200);
  for (std::size_t i = 0; i < kRefused; ++i) {
    ASSERT_EQ(status_of(get(client, "test.example")), 429);
  }
  const auto lines = gateway.access_lines(2);
  EXPECT_EQ(lines.back()["reason"], "request_rate");
  EXPECT_LT(lines.size(), kRefused);
}

// The operator sees that something was refused, how often and why, without a line for each.
TEST(AddressLimits, AreCountedAndLoggedWithoutAFlood) {
  const Backend backend(served());
  const LiveGateway gateway({"test.example"}, hosts_for({"test.example"}, backend.endpoint()) +
                                                  "limits: {connections_per_address: 1}\n");
  const TlsClient only(gateway.address(), "test.example");
  constexpr int kRefused = 100;
  for (int i = 0; i < kRefused; ++i) {
    RawClient client(gateway.address());
    EXPECT_TRUE(client.ends());
  }
  EXPECT_EQ(gateway.status()["refused"]["address_connection_limit"], kRefused);
  const auto lines = gateway.await_events("connection_refused");
  EXPECT_EQ(lines.front()["reason"], "address_connection_limit");
  EXPECT_EQ(lines.front()["client"].get<std::string>().substr(0, 10), "127.0.0.1:");
  std::int64_t told = 0;
  for (const auto& line : lines) told += 1 + line.value("left_out", 0);
  EXPECT_LE(told, kRefused);
}

}  // namespace
}  // namespace wssgate::test
