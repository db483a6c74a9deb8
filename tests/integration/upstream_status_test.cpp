#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/eventually.h"
#include "support/http_text.h"
#include "support/live_gateway.h"
#include "support/process.h"

/// `wssgate status` shows how each endpoint does, and what is under way there.
namespace wssgate::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

TEST(UpstreamStatus, ShowsStatesAndConnections) {
  Backend a(serving_and_echoing());
  LiveGateway gateway({"test.example"}, [&] {
    return "hosts: [{names: [test.example], routes: [{path: /, upstream: backend}]}]\n"
           "upstreams: {backend: {endpoints: [{address: \"" +
           a.endpoint() +
           "\", weight: 5, max_connections: 9}, {address: \"127.0.0.1:9\", backup: true}]}}\n";
  }());
  std::optional<TlsClient> tunnel(open_websocket(gateway.address(), "test.example"));
  const json expected = {{"name", "backend"},
                         {"balance", "least_connections"},
                         {"waiting", 0},
                         {"endpoints",
                          {{{"endpoint", a.endpoint()},
                            {"state", "healthy"},
                            {"connections", 1},
                            {"max_connections", 9},
                            {"weight", 5},
                            {"backup", false}},
                           {{"endpoint", "127.0.0.1:9"},
                            {"state", "healthy"},
                            {"connections", 0},
                            {"max_connections", nullptr},
                            {"weight", 1},
                            {"backup", true}}}}};
  EXPECT_EQ(gateway.status().at("upstreams"), json::array({expected}));

  const Ended shown = run_wssgate({"status", "--admin", gateway.admin_address()});
  EXPECT_THAT(shown.output,
              HasSubstr("\nupstream backend, least_connections\n  healthy   " + a.endpoint() +
                        ": 1 of 9 connections, weight 5\n"
                        "  healthy   127.0.0.1:9: 0 connections, "
                        "backup\n"));
  tunnel.reset();
  EXPECT_TRUE(eventually(
      [&] { return gateway.status()["upstreams"][0]["endpoints"][0]["connections"] == 0; }));
}

}  // namespace
}  // namespace wssgate::test
