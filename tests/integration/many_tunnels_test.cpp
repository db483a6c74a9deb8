// Hundreds of tunnels at once, on every worker, each with its own bytes.

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "control/server.h"
#include "support/websocket.h"
#include "support/workers.h"

namespace wssgate::test {
namespace {

constexpr int kTunnels = 500;

TEST(ManyTunnels, EchoAtOnceOnAllWorkers) {
  const Backend backend(echoing());
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (int i = 0; i < kTunnels; ++i) {
    clients.push_back(std::make_unique<TlsClient>(gateway.address(), "test.example"));
    clients.back()->write(upgrade_request("test.example"));
    clients.back()->read_message();
  }
  for (std::uint32_t round = 0; round < 5; ++round) {
    const auto message = [&](std::uint32_t number) {
      return client_frame(kBinary, noise(100 + 37 * round, 1000 * round + number));
    };
    for (std::uint32_t i = 0; i < kTunnels; ++i) clients[i]->write(message(i));
    for (std::uint32_t i = 0; i < kTunnels; ++i) {
      const std::string expected = message(i);
      EXPECT_EQ(clients[i]->read_exactly(expected.size()), expected);
    }
  }
  EXPECT_EQ(gateway.server().open_connections(), kTunnels);
  const auto workers = worker_use();
  EXPECT_EQ(workers.size(), 2U);
  // The kernel spreads by a hash: a worker without its share would have slept a handful of times.
  for (const WorkerUse& worker : workers) EXPECT_GT(worker.sleeps, 50U);

  for (const auto& client : clients) client->end_writing();
  auto lines = gateway.access_lines(kTunnels);
  for (auto& line : lines) EXPECT_EQ(line["messages_received"], 5);
}

}  // namespace
}  // namespace wssgate::test
