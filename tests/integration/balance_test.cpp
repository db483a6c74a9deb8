#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "control/server.h"
#include "support/backend.h"
#include "support/eventually.h"
#include "support/http_text.h"
#include "support/live_gateway.h"
#include "support/running_gateway.h"
#include "support/websocket.h"

/// Which endpoint a request or a tunnel goes to.
namespace wssgate::test {
namespace {

/// Answers requests with its name, and echoes in WebSockets.
Backend::Script naming(const std::string& name) {
  return [name](RawClient& proxy, int) {
    for (;;) {
      const std::string request = to_lower(proxy.read_message());
      if (request.find("upgrade: websocket") != std::string::npos) break;
      proxy.write(ok(name));
    }
    proxy.write(upgrade_response("X-Backend: " + name + "\r\n"));
    for (std::string bytes = proxy.read_some(); !bytes.empty(); bytes = proxy.read_some()) {
      proxy.write(bytes);
    }
  };
}

/// `upstream`: what stands in the upstream's mapping.
std::string backend_with(const std::string& upstream) {
  return "hosts: [{names: [test.example], routes: [{path: /, upstream: backend}]}]\n"
         "upstreams: {backend: {" +
         upstream + "}}\n";
}

std::string asked(TlsClient& client, const std::string& target = "/",
                  const std::string& extra = "") {
  client.write(get(target, extra));
  return body_of(client.read_message());
}

struct Tunnel {
  explicit Tunnel(const SocketAddress& address, const std::string& target = "/")
      : client(address, "test.example") {
    client.write(upgrade_request("test.example", target));
    backend = field_of(client.read_message(), "X-Backend").value_or("none");
  }
  TlsClient client;
  std::string backend;
};

class Balance : public testing::Test {
 protected:
  std::string endpoints() const {
    return "endpoints: [\"" + a_.endpoint() + "\", \"" + b_.endpoint() + "\"]";
  }

  Backend a_{naming("a")};
  Backend b_{naming("b")};
};

TEST_F(Balance, TunnelsCountWhereverTheyCameIn) {
  RunningGateway gateway({{"test.example"}}, backend_with(endpoints()));
  std::map<std::string, std::vector<std::unique_ptr<Tunnel>>> tunnels;
  for (int i = 0; i < 10; ++i) {
    auto tunnel = std::make_unique<Tunnel>(gateway.address());
    tunnels[tunnel->backend].push_back(std::move(tunnel));
  }
  EXPECT_EQ(tunnels["a"].size(), 5U) << "of two workers";
  EXPECT_EQ(tunnels["b"].size(), 5U);

  tunnels["a"].clear();
  const auto& members = gateway.server().snapshot()->upstreams.at("backend")->members();
  ASSERT_TRUE(eventually([&] { return members[0].endpoint->connections == 0; }));
  EXPECT_EQ(members[1].endpoint->connections, 5U);
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(asked(client), "a");
}

TEST_F(Balance, RoundRobinDoesNotCount) {
  RunningGateway gateway({{"test.example"}}, backend_with(endpoints() + ", balance: round_robin"));
  std::string order;
  std::vector<std::unique_ptr<Tunnel>> tunnels;
  for (int i = 0; i < 3; ++i) {
    tunnels.push_back(std::make_unique<Tunnel>(gateway.address()));
    order += tunnels.back()->backend;
    TlsClient client(gateway.address(), "test.example");
    order += asked(client);
  }
  EXPECT_EQ(order, "ababab");
}

TEST_F(Balance, RandomTwoTakesTheLessBusy) {
  RunningGateway gateway({{"test.example"}}, backend_with(endpoints() + ", balance: random_two"));
  std::map<std::string, int> counts;
  std::vector<std::unique_ptr<Tunnel>> tunnels;
  for (int i = 0; i < 10; ++i) {
    tunnels.push_back(std::make_unique<Tunnel>(gateway.address()));
    ++counts[tunnels.back()->backend];
  }
  EXPECT_EQ(counts["a"], 5);
}

TEST_F(Balance, WeightsAreShares) {
  RunningGateway gateway({{"test.example"}},
                         backend_with("endpoints: [\"" + a_.endpoint() + "\", {address: \"" +
                                      b_.endpoint() + "\", weight: 3}]"));
  std::map<std::string, int> counts;
  std::vector<std::unique_ptr<Tunnel>> tunnels;
  for (int i = 0; i < 12; ++i) {
    tunnels.push_back(std::make_unique<Tunnel>(gateway.address()));
    ++counts[tunnels.back()->backend];
  }
  EXPECT_EQ(counts["a"], 3);
  EXPECT_EQ(counts["b"], 9);
}

TEST_F(Balance, HashKeepsTheSameTogether) {
  RunningGateway gateway(
      {{"test.example"}},
      backend_with(endpoints() +
                   ", balance: {hash: {by: {header: X-Room, cookie: room, query: room}}}"));
  std::map<std::string, std::string> homes;
  for (int round = 0; round < 3; ++round) {
    for (int room = 0; room < 16; ++room) {
      const std::string name = "room-" + std::to_string(room);
      TlsClient client(gateway.address(), "test.example");
      const std::vector<std::string> from = {
          asked(client, "/", "X-Room: " + name + "\r\n"),
          asked(client, "/", "Cookie: other=1; room=" + name + "\r\n"),
          asked(client, "/?a=b&room=" + name),
          Tunnel(gateway.address(), "/?room=" + name).backend,
      };
      const std::string home = homes.try_emplace(name, from.front()).first->second;
      EXPECT_THAT(from, testing::Each(home)) << name;
    }
  }
  std::map<std::string, int> rooms;
  for (const auto& [room, home] : homes) ++rooms[home];
  EXPECT_EQ(rooms.size(), 2U) << "each has some of them";
}

TEST_F(Balance, HashOfAnAddressKeepsAClientWhereItIs) {
  RunningGateway gateway({{"test.example"}},
                         backend_with(endpoints() + ", balance: {hash: {by: client_address}}"));
  TlsClient first(gateway.address(), "test.example");
  const std::string home = asked(first);
  for (int i = 0; i < 5; ++i) {
    TlsClient client(gateway.address(), "test.example");
    EXPECT_EQ(asked(client), home);
  }
}

// What a reload leaves alone keeps its count: else each reload would pile new tunnels on an
// endpoint that is busy with old ones.
TEST(BalanceOnReload, CountsGoOn) {
  Backend a(naming("a"));
  Backend b(naming("b"));
  Backend c(naming("c"));
  const auto list = [](const std::string& endpoints) {
    return "hosts: [{names: [test.example], routes: [{path: /, upstream: backend}]}]\n"
           "upstreams: {backend: {endpoints: [" +
           endpoints + "]}}\n";
  };
  const std::string old = "\"" + a.endpoint() + "\", \"" + b.endpoint() + "\"";
  LiveGateway gateway({"test.example"}, list(old));
  std::map<std::string, int> counts;
  std::vector<std::unique_ptr<Tunnel>> tunnels;
  const auto open = [&](int count) {
    for (int i = 0; i < count; ++i) {
      tunnels.push_back(std::make_unique<Tunnel>(gateway.address()));
      ++counts[tunnels.back()->backend];
    }
  };
  open(8);
  gateway.configure(list(old + ", \"" + c.endpoint() + "\""));
  ASSERT_EQ(gateway.reload()["ok"], true);
  open(4);
  EXPECT_EQ(counts["c"], 4) << "it has none yet, and the others four each";
  open(3);
  EXPECT_EQ(counts["a"], 5);
  EXPECT_EQ(counts["b"], 5);
  EXPECT_EQ(counts["c"], 5);
}

}  // namespace
}  // namespace wssgate::test
