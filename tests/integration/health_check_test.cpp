#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/eventually.h"
#include "support/http_text.h"
#include "support/live_gateway.h"

/// Endpoints with `health` are asked all the time, and get requests only while they pass.
namespace wssgate::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// Serves requests always, and answers checks (by their User-Agent) as it is told.
class Checked {
 public:
  explicit Checked(std::string good = ok("well")) : answer_(std::move(good)) {}

  std::string endpoint() const { return backend_.endpoint(); }
  void answer_checks_with(const std::string& answer) {
    const std::lock_guard lock(mutex_);
    answer_ = answer;
  }
  int requests() const { return requests_; }
  std::string last_check() const {
    const std::lock_guard lock(mutex_);
    return last_check_;
  }

 private:
  std::string take_check(const std::string& request) {
    const std::lock_guard lock(mutex_);
    last_check_ = request;
    return answer_;
  }

  mutable std::mutex mutex_;
  std::string answer_;
  std::string last_check_;
  std::atomic<int> requests_{0};
  Backend backend_{[this](RawClient& proxy, int) {
    for (;;) {
      const std::string request = proxy.read_message();
      if (field_of(request, "User-Agent") == "wssgate") {
        proxy.write(take_check(request));
        return;
      }
      ++requests_;
      proxy.write(ok("served"));
    }
  }};
};

std::string backend_with(const std::vector<std::string>& endpoints, const std::string& health) {
  std::string list;
  for (const std::string& endpoint : endpoints) list += "\"" + endpoint + "\",";
  return "hosts: [{names: [test.example], routes: [{path: /, upstream: backend}]}]\n"
         "upstreams: {backend: {balance: round_robin, endpoints: [" +
         list + "], " + health + "}}\n";
}

std::string health(const std::string& more) {
  return "health: {interval: 20ms, timeout: 5s, unhealthy_after: 2, " + more + "}";
}

std::string unavailable(const std::string& status) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n";
}

json endpoint_status(const LiveGateway& gateway, std::size_t number) {
  return gateway.status().at("upstreams").at(0).at("endpoints").at(number);
}

TEST(HealthCheck, TakesAnEndpointOutAndBringsItBack) {
  Checked a;
  Checked b;
  LiveGateway gateway({"test.example"},
                      backend_with({a.endpoint(), b.endpoint()}, health("path: /healthz")));
  TlsClient client(gateway.address(), "test.example");
  EXPECT_EQ(body_of(get(client, "test.example")), "served");

  a.answer_checks_with(unavailable("503 Busy"));
  const auto out = gateway.await_events("endpoint_unhealthy");
  EXPECT_EQ(out[0]["upstream"], "backend");
  EXPECT_EQ(out[0]["endpoint"], a.endpoint());
  EXPECT_EQ(out[0]["why"], "it answers 503");
  EXPECT_EQ(start_line_of(a.last_check()), "GET /healthz HTTP/1.1");
  EXPECT_EQ(field_of(a.last_check(), "Host"), a.endpoint());
  EXPECT_EQ(endpoint_status(gateway, 0)["state"], "unhealthy");
  EXPECT_EQ(endpoint_status(gateway, 1)["state"], "healthy");
  const int before = a.requests();
  for (int i = 0; i < 6; ++i) EXPECT_EQ(body_of(get(client, "test.example")), "served");
  EXPECT_EQ(a.requests(), before);

  a.answer_checks_with("HTTP/1.1 100 Continue\r\n\r\n" + unavailable("302 Found"));
  EXPECT_EQ(gateway.await_events("endpoint_healthy")[0]["endpoint"], a.endpoint());
  for (int i = 0; i < 6; ++i) EXPECT_EQ(body_of(get(client, "test.example")), "served");
  EXPECT_EQ(a.requests(), before + 3);
  EXPECT_EQ(gateway.events("endpoint_unhealthy").size(), 1U) << "one line a change";
}

TEST(HealthCheck, TheLastOneIsUsedAnyway) {
  Checked only(unavailable("500 Ill"));
  LiveGateway gateway({"test.example"}, backend_with({only.endpoint()}, health("host: app.test")));
  gateway.await_events("endpoint_unhealthy");
  EXPECT_EQ(field_of(only.last_check(), "Host"), "app.test");
  TlsClient client(gateway.address(), "test.example");
  EXPECT_EQ(body_of(get(client, "test.example")), "served");
}

TEST(HealthCheck, OfAConnectionAlone) {
  std::string dead;
  {
    const Backend gone(answering([](const std::string&) { return ok(""); }));
    dead = gone.endpoint();
  }
  Checked alive("not even HTTP");
  LiveGateway gateway({"test.example"},
                      backend_with({dead, alive.endpoint()}, health("check: tcp")));
  const auto out = gateway.await_events("endpoint_unhealthy");
  EXPECT_EQ(out[0]["endpoint"], dead);
  EXPECT_EQ(out[0]["why"], "Connection refused");
  const Backend back(answering([](const std::string&) { return ok("back"); }), dead);
  EXPECT_EQ(gateway.await_events("endpoint_healthy")[0]["endpoint"], dead);
}

TEST(HealthCheck, OfAWebSocketUpgrade) {
  Checked good(upgrade_response());
  Checked bad(ok("a page"));
  LiveGateway gateway({"test.example"}, backend_with({good.endpoint(), bad.endpoint()},
                                                     health("check: websocket, path: /ws")));
  const auto out = gateway.await_events("endpoint_unhealthy");
  EXPECT_EQ(out[0]["endpoint"], bad.endpoint());
  EXPECT_EQ(out[0]["why"], "it answers 200");
  EXPECT_EQ(field_of(bad.last_check(), "Upgrade"), "websocket");
  EXPECT_EQ(endpoint_status(gateway, 0)["state"], "healthy");
}

TEST(HealthCheck, WhoDoesNotAnswerIsUnhealthy) {
  const Backend silent([](RawClient& proxy, int) { proxy.ends(); });
  LiveGateway gateway({"test.example"},
                      backend_with({silent.endpoint()},
                                   "health: {interval: 20ms, timeout: 50ms, unhealthy_after: 1}"));
  EXPECT_EQ(gateway.await_events("endpoint_unhealthy")[0]["why"], "no answer within 50ms");
}

// State lives on in a reload; without `health` nothing is known any more.
TEST(HealthCheck, AcrossReloads) {
  Checked a(unavailable("503 Busy"));
  Checked b;
  const std::vector<std::string> both = {a.endpoint(), b.endpoint()};
  LiveGateway gateway({"test.example"}, backend_with(both, health("path: /")));
  gateway.await_events("endpoint_unhealthy");
  gateway.configure(backend_with(both, health("path: /other")));
  ASSERT_EQ(gateway.reload()["ok"], true);
  EXPECT_EQ(endpoint_status(gateway, 0)["state"], "unhealthy");
  EXPECT_TRUE(eventually([&] { return start_line_of(a.last_check()) == "GET /other HTTP/1.1"; }));
  gateway.configure(backend_with(both, "slow_start: 1h"));
  ASSERT_EQ(gateway.reload()["ok"], true);
  EXPECT_TRUE(eventually([&] { return endpoint_status(gateway, 0)["state"] == "healthy"; }));
}

}  // namespace
}  // namespace wssgate::test
