#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

#include "control/server.h"
#include "support/clients.h"
#include "support/running_gateway.h"

// limits.connections: the next one is closed at once, and there is room again when one has ended.
namespace wssgate::test {
namespace {

/// Waits until the gateway counts this many open connections.
bool settles_at(control::Server& server, std::uint64_t open) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (server.open_connections() != open) {
    if (std::chrono::steady_clock::now() >= give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

TEST(ConnectionLimit, RefusesTheNextOneAndRecovers) {
  RunningGateway gateway({{"test.example"}}, one_host("127.0.0.1:9", "limits: {connections: 2}\n"));
  auto first = std::make_unique<TlsClient>(gateway.address(), "test.example");
  const TlsClient second(gateway.address(), "test.example");
  EXPECT_EQ(gateway.server().open_connections(), 2U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_THROW(TlsClient(gateway.address(), "test.example"), TlsRefused);
  }
  EXPECT_EQ(gateway.server().open_connections(), 2U);

  first.reset();
  ASSERT_TRUE(settles_at(gateway.server(), 1));
  EXPECT_NO_THROW(TlsClient(gateway.address(), "test.example"));
}

// Each kind of refusal gives its place back.
TEST(ConnectionLimit, IsNotUsedUpByRefusals) {
  RunningGateway gateway({{"test.example"}}, one_host("127.0.0.1:9", "limits: {connections: 1}\n"));
  for (int i = 0; i < 5; ++i) {
    EXPECT_THROW(TlsClient(gateway.address(), "other.example"), TlsRefused);
    ASSERT_TRUE(settles_at(gateway.server(), 0));
    RawClient rubbish(gateway.address());
    rubbish.write("rubbish");
    EXPECT_TRUE(rubbish.ends());
    ASSERT_TRUE(settles_at(gateway.server(), 0));
  }
  EXPECT_NO_THROW(TlsClient(gateway.address(), "test.example"));
}

}  // namespace
}  // namespace wssgate::test
