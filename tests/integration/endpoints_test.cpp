#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "net/listener.h"
#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// Several endpoints take turns; a dead one is skipped; a unix socket is one like any other.
namespace wssgate::test {
namespace {

Backend::Script naming(const std::string& name) {
  return answering([name](const std::string&) { return ok(name); });
}

std::string host_with(const std::vector<std::string>& endpoints) {
  std::string list;
  for (const std::string& endpoint : endpoints) list += "\"" + endpoint + "\",";
  return "hosts: [{names: [test.example], routes: [{path: /, upstream: backend}]}]\n"
         "upstreams: {backend: {endpoints: [" +
         list + "]}}\n";
}

TEST(Endpoints, TakeTurns) {
  Backend a(naming("a"));
  Backend b(naming("b"));
  Backend c(naming("c"));
  RunningGateway gateway({{"test.example"}}, host_with({a.endpoint(), b.endpoint(), c.endpoint()}));
  TlsClient client(gateway.address(), "test.example");
  std::string order;
  for (int i = 0; i < 9; ++i) {
    client.write(get("/"));
    order += body_of(client.read_message());
  }
  EXPECT_EQ(order, "abcabcabc");
  EXPECT_EQ(a.connections() + b.connections() + c.connections(), 3) << "each keeps its own";
}

TEST(Endpoints, ADeadOneIsSkipped) {
  net::Fd listening = net::listen_on(*SocketAddress::parse("127.0.0.1:0"), false);
  const std::string dead = net::bound_address(listening.get()).text();
  listening = net::Fd();
  Backend alive(naming("alive"));
  RunningGateway gateway({{"test.example"}}, host_with({dead, alive.endpoint()}));
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 4; ++i) {
    client.write(post("/", "with a body"));
    EXPECT_EQ(body_of(client.read_message()), "alive");
  }
  for (const auto& line : gateway.access_lines(4)) EXPECT_EQ(line["endpoint"], alive.endpoint());
}

TEST(Endpoints, AUnixSocket) {
  const TempFolder folder;
  Backend backend(naming("through a unix socket"), "unix:" + folder.path() + "/app.sock");
  RunningGateway gateway({{"test.example"}}, host_with({backend.endpoint()}));
  TlsClient client(gateway.address(), "test.example");
  for (int i = 0; i < 2; ++i) {
    client.write(get("/"));
    EXPECT_EQ(body_of(client.read_message()), "through a unix socket");
  }
  EXPECT_EQ(backend.connections(), 1);
  EXPECT_EQ(gateway.access_lines(2).at(1)["endpoint"], "unix:" + folder.path() + "/app.sock");
}

TEST(Endpoints, AName) {
  Backend backend(naming("by name"));
  const std::string port = std::to_string(SocketAddress::parse(backend.endpoint())->port());
  RunningGateway gateway({{"test.example"}}, host_with({"localhost:" + port}));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  EXPECT_EQ(body_of(client.read_message()), "by name");
}

}  // namespace
}  // namespace wssgate::test
