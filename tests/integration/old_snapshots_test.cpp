// What a reload replaces is gone when nobody uses it any more.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "control/server.h"
#include "gateway/snapshot.h"
#include "support/eventually.h"
#include "support/live_gateway.h"
#include "support/running_gateway.h"
#include "support/websocket.h"

namespace wssgate::test {
namespace {

using gateway::Snapshot;

/// The running configuration with another limit, built again.
std::shared_ptr<const Snapshot> changed(const control::Server& server, int round) {
  config::Config config = server.snapshot()->config;
  config.limits.connections = 1000U + static_cast<unsigned>(round);
  Report report;
  auto made =
      Snapshot::rebuild(config, std::chrono::system_clock::now(), *server.snapshot(), report);
  if (!made) throw std::runtime_error(report.text());
  return made;
}

TEST(OldSnapshots, AreGoneExceptThatOfAnOpenTunnel) {
  OpenTunnel tunnel;
  control::Server& server = tunnel.gateway().server();
  const std::weak_ptr<const Snapshot> of_tunnel = server.snapshot();
  std::vector<std::weak_ptr<const Snapshot>> replaced;
  for (int round = 0; round < 100; ++round) {
    if (round > 0) replaced.emplace_back(server.snapshot());
    server.adopt(changed(server, round), {});
  }
  EXPECT_TRUE(eventually([&] {
    return std::all_of(replaced.begin(), replaced.end(),
                       [](const auto& snapshot) { return snapshot.expired(); });
  }));
  EXPECT_FALSE(of_tunnel.expired());

  tunnel.drop_client();
  tunnel.drop_upstream();
  EXPECT_TRUE(eventually([&] { return of_tunnel.expired(); }));
}

TEST(OldSnapshots, LeaveTheContextsOfUnchangedCertificatesToTheNext) {
  RunningGateway gateway({{"test.example"}, {"other.example"}}, one_host("127.0.0.1:9"));
  const auto first = gateway.server().snapshot();
  for (int round = 0; round < 10; ++round) {
    gateway.server().adopt(changed(gateway.server(), round), {});
  }
  EXPECT_EQ(gateway.server().snapshot()->contexts, first->contexts);
  EXPECT_EQ(gateway.server().snapshot()->upstreams, first->upstreams);
  ASSERT_EQ(first->certificates.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(gateway.server().snapshot()->certificates[i].served, first->certificates[i].served);
  }
}

}  // namespace
}  // namespace wssgate::test
