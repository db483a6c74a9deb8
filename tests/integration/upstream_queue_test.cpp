#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "control/server.h"
#include "support/backend.h"
#include "support/eventually.h"
#include "support/http_text.h"
#include "support/live_gateway.h"
#include "support/running_gateway.h"
#include "support/websocket.h"

/// An endpoint gets no more than its max_connections; others wait for a place, not without end.
namespace wssgate::test {
namespace {

std::string limited(const Backend& backend, const std::string& more, int most = 1) {
  return "hosts: [{names: [test.example], routes: [{path: /, upstream: backend}]}]\n"
         "upstreams: {backend: {endpoints: [{address: \"" +
         backend.endpoint() + "\", max_connections: " + std::to_string(most) + "}], " + more +
         "}}\n";
}

std::size_t waiting(RunningGateway& gateway) {
  return gateway.server().snapshot()->upstreams.at("backend")->queue()->waiting();
}

TEST(UpstreamQueue, ARequestWaitsUntilATunnelEnds) {
  Backend backend(serving_and_echoing());
  RunningGateway gateway({{"test.example"}}, limited(backend, "queue: {timeout: 1h}"));
  std::optional<TlsClient> tunnel(open_websocket(gateway.address(), "test.example"));
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 8; ++i) {  // over both workers
    answers.push_back(std::async(std::launch::async, [&] {
      TlsClient client(gateway.address(), "test.example");
      return body_of(get(client, "test.example"));
    }));
  }
  ASSERT_TRUE(eventually([&] { return waiting(gateway) == 8; }));
  tunnel.reset();
  for (auto& answer : answers) EXPECT_EQ(answer.get(), "served");
  EXPECT_EQ(waiting(gateway), 0U);
}

TEST(UpstreamQueue, WhoFindsItFullGets503) {
  Backend backend(serving_and_echoing());
  RunningGateway gateway({{"test.example"}}, limited(backend, "queue: {length: 0}"));
  const TlsClient tunnel = open_websocket(gateway.address(), "test.example");
  TlsClient client(gateway.address(), "test.example");
  const std::string answer = get(client, "test.example");
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_THAT(body_of(answer), testing::HasSubstr("are busy"));
  const auto line = gateway.access_lines(1).front();
  EXPECT_EQ(line["reason"], "upstream_busy");
  EXPECT_EQ(line["ended_by"], "proxy");
  EXPECT_EQ(line["upstream"], "backend");
  EXPECT_EQ(backend.connections(), 1);
}

TEST(UpstreamQueue, WhoWaitsTooLongGets503AndTheNextGoesOn) {
  Backend backend(serving_and_echoing());
  RunningGateway gateway({{"test.example"}}, limited(backend, "queue: {timeout: 200ms}"));
  std::optional<TlsClient> tunnel(open_websocket(gateway.address(), "test.example"));
  TlsClient client(gateway.address(), "test.example");
  EXPECT_EQ(status_of(get(client, "test.example")), 503);
  EXPECT_EQ(gateway.access_lines(1).front()["reason"], "upstream_queue_timeout");
  tunnel.reset();
  EXPECT_TRUE(eventually([&] { return status_of(get(client, "test.example")) == 200; }));
}

TEST(UpstreamQueue, AClientThatEndsLeavesTheQueue) {
  Backend backend(serving_and_echoing());
  RunningGateway gateway({{"test.example"}}, limited(backend, "queue: {timeout: 1h}"));
  const TlsClient tunnel = open_websocket(gateway.address(), "test.example");
  {
    TlsClient client(gateway.address(), "test.example");
    client.write("GET / HTTP/1.1\r\nHost: test.example\r\n\r\n");
    ASSERT_TRUE(eventually([&] { return waiting(gateway) == 1; }));
    client.end_writing();
  }
  EXPECT_TRUE(eventually([&] { return waiting(gateway) == 0; }));
  EXPECT_EQ(backend.connections(), 1);
}

// Who waits on what was configured before does not keep others from what there is since.
TEST(UpstreamQueue, AReloadThatMakesRoomIsNotStoodInLineFor) {
  Backend backend(serving_and_echoing());
  const LiveGateway gateway({"test.example"}, limited(backend, "queue: {timeout: 1h}"));
  const TlsClient tunnel = open_websocket(gateway.address(), "test.example");
  TlsClient before(gateway.address(), "test.example");
  before.write("GET / HTTP/1.1\r\nHost: test.example\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return gateway.status()["upstreams"][0]["waiting"] == 1; }));
  gateway.configure(limited(backend, "queue: {timeout: 1h}", 50));
  gateway.reload();
  TlsClient since(gateway.address(), "test.example");
  EXPECT_EQ(body_of(get(since, "test.example")), "served");
}

// A reload closes no tunnel, and forgets none.
TEST(UpstreamQueue, AnEndpointThatWasAwayStillCountsItsTunnels) {
  const Backend backend(serving_and_echoing());
  const Backend other(serving_and_echoing());
  const std::string full = limited(backend, "queue: {length: 0}");
  const LiveGateway gateway({"test.example"}, full);
  std::optional<TlsClient> tunnel(open_websocket(gateway.address(), "test.example"));
  gateway.configure(hosts_for({"test.example"}, other.endpoint()));
  ASSERT_EQ(gateway.reload()["ok"], true);
  {
    TlsClient client(gateway.address(), "test.example");
    EXPECT_EQ(status_of(get(client, "test.example")), 200);
  }
  gateway.configure(full);
  ASSERT_EQ(gateway.reload()["ok"], true);
  EXPECT_EQ(gateway.status()["upstreams"][0]["endpoints"][0]["connections"], 1);
  TlsClient client(gateway.address(), "test.example");
  EXPECT_EQ(status_of(get(client, "test.example")), 503) << "its max_connections is one";
  tunnel.reset();
  EXPECT_TRUE(eventually([&] { return status_of(get(client, "test.example")) == 200; }));
}

// Who has waited for a place at an endpoint does not get it when that is being drained.
TEST(UpstreamQueue, ADrainedEndpointTakesNobodyOutOfIt) {
  Backend backend(serving_and_echoing());
  RunningGateway gateway({{"test.example"}}, limited(backend, "queue: {timeout: 1h}"));
  std::optional<TlsClient> tunnel(open_websocket(gateway.address(), "test.example"));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  ASSERT_TRUE(eventually([&] { return waiting(gateway) == 1; }));
  gateway.server().drain(
      gateway::DrainTarget{gateway::DrainTarget::Kind::endpoint, backend.endpoint()});
  tunnel.reset();
  EXPECT_EQ(status_of(client.read_message()), 503);
  EXPECT_EQ(backend.connections(), 1);
}

TEST(UpstreamQueue, AClientThatResetsLeavesTheQueue) {
  Backend backend(serving_and_echoing());
  RunningGateway gateway({{"test.example"}}, limited(backend, "queue: {timeout: 1h}"));
  const TlsClient tunnel = open_websocket(gateway.address(), "test.example");
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  ASSERT_TRUE(eventually([&] { return waiting(gateway) == 1; }));
  client.reset();
  EXPECT_TRUE(eventually([&] { return waiting(gateway) == 0; }));
}

// A place that is kept idle for the next request is free.
TEST(UpstreamQueue, RequestsInARowNeedOnePlace) {
  Backend backend(serving_and_echoing());
  RunningGateway gateway({{"test.example"}}, limited(backend, "queue: {length: 0}"));
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(status_of(get(client, "test.example")), 200);
  EXPECT_EQ(backend.connections(), 1);
}

// Under the sanitizers this is where a place that is lost or given twice would show.
TEST(UpstreamQueue, NeverMoreThanAllowedAndNobodyIsForgotten) {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  Backend backend([&](RawClient& proxy, int) {
    for (;;) {
      (void)proxy.read_message();
      const int count = ++now;
      for (int seen = most; seen < count && !most.compare_exchange_weak(seen, count);) {
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      --now;
      proxy.write(ok("served"));
    }
  });
  RunningGateway gateway({{"test.example"}}, limited(backend, "queue: {timeout: 1h}", 3));
  std::vector<std::future<int>> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(std::async(std::launch::async, [&] {
      TlsClient client(gateway.address(), "test.example");
      int served = 0;
      for (int round = 0; round < 20; ++round) {
        if (status_of(get(client, "test.example")) == 200) ++served;
      }
      return served;
    }));
  }
  for (auto& client : clients) EXPECT_EQ(client.get(), 20);
  EXPECT_LE(most, 3);
}

}  // namespace
}  // namespace wssgate::test
