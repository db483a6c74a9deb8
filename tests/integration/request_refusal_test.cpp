#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// Requests that wssgate answers itself: what the client reads, and whether the connection may go
/// on so that the next request is still found.
namespace wssgate::test {
namespace {

const std::string kHost = "Host: test.example\r\n";

std::string routes(const Backend& backend, const std::string& list, const std::string& more = "") {
  return "hosts:\n  - names: [test.example, www.test.example, \"*.apps.example\"]\n    routes: [" +
         list + "]\n  - names: [other.example]\n    routes: [{path: /, upstream: backend}]\n" +
         "upstreams: {backend: {endpoints: [\"" + backend.endpoint() + "\"]}}\n" + more;
}

const std::vector<std::vector<std::string>> kNames = {
    {"test.example", "www.test.example", "*.apps.example"}, {"other.example"}};

Backend::Script echo() {
  return answering([](const std::string& request) { return ok(start_line_of(request)); });
}

TEST(RequestRefusal, NamesOfOneHostEntryShareAConnection) {
  Backend backend(echo());
  RunningGateway gateway(kNames, routes(backend, "{path: /, upstream: backend}"));
  TlsClient client(gateway.address(), "test.example");
  for (const char* host : {"test.example", "WWW.Test.Example", "test.example.", "a.apps.example",
                           "www.test.example:8443"}) {
    client.write(request("GET / HTTP/1.1", std::string("Host: ") + host + "\r\n"));
    EXPECT_EQ(status_of(client.read_message()), 200) << host;
  }
}

TEST(RequestRefusal, AHostOfAnotherEntryIsMisdirected) {
  Backend backend(echo());
  RunningGateway gateway(kNames, routes(backend, "{path: /, upstream: backend}"));
  TlsClient client(gateway.address(), "test.example");
  for (const char* host : {"other.example", "unknown.example", "127.0.0.1", "[::1]:443",
                           "a.b.apps.example", "apps.example"}) {
    client.write(request("GET / HTTP/1.1", std::string("Host: ") + host + "\r\n"));
    EXPECT_EQ(status_of(client.read_message()), 421) << host;
  }
  EXPECT_EQ(backend.connections(), 0);
  const auto line = gateway.access_lines(1).at(0);
  EXPECT_EQ(line["reason"], "misdirected_request");
  EXPECT_NE(line["detail"].get<std::string>().find("other.example"), std::string::npos);
}

// A wildcard covers the name, but the name has an entry of its own with rules of its own.
TEST(RequestRefusal, AHostThatAnotherEntryTakesFromAWildcardIsMisdirected) {
  Backend backend(echo());
  RunningGateway gateway(
      {{"*.test.example"}},
      "hosts:\n  - {names: [\"*.test.example\"], routes: [{path: /, upstream: backend}]}\n"
      "  - {names: [admin.test.example], routes: [{path: /, upstream: backend, websocket: "
      "refused}]}\n"
      "upstreams: {backend: {endpoints: [\"" +
          backend.endpoint() + "\"]}}\n");
  TlsClient client(gateway.address(), "any.test.example");
  client.write(request("GET / HTTP/1.1", "Host: admin.test.example\r\n"));
  EXPECT_EQ(status_of(client.read_message()), 421);
  client.write(request("GET / HTTP/1.1", "Host: other.test.example\r\n"));
  EXPECT_EQ(status_of(client.read_message()), 200);
  TlsClient websocket(gateway.address(), "any.test.example");
  websocket.write(upgrade_request("admin.test.example"));
  EXPECT_EQ(status_of(websocket.read_message()), 421);
}

TEST(RequestRefusal, EmptyLinesBeforeARequestAreNoneOfIt) {
  Backend backend(echo());
  RunningGateway gateway(kNames, routes(backend, "{path: /, upstream: backend}"));
  TlsClient client(gateway.address(), "test.example");
  client.write("\r\n\r\n" + request("GET /a HTTP/1.1", kHost) + "\r\n");
  EXPECT_EQ(body_of(client.read_message()), "GET /a HTTP/1.1");
  client.write(request("GET /b HTTP/1.1", kHost));
  EXPECT_EQ(body_of(client.read_message()), "GET /b HTTP/1.1");
}

TEST(RequestRefusal, AnAbsoluteTargetOfTheSameHostIsServed) {
  Backend backend(echo());
  RunningGateway gateway(kNames, routes(backend, "{path: /, upstream: backend}"));
  TlsClient client(gateway.address(), "test.example");
  client.write(request("GET https://test.example/path?q HTTP/1.1", kHost));
  EXPECT_EQ(body_of(client.read_message()), "GET /path?q HTTP/1.1");
}

struct Path {
  const char* target;
  const char* route;  ///< empty: 404
};

class RouteMatching : public testing::TestWithParam<Path> {};

TEST_P(RouteMatching, TheLongestPathOfWholeSegments) {
  Backend backend(echo());
  RunningGateway gateway(
      kNames, routes(backend, "{path: /a, upstream: backend}, {path: /a/b/, upstream: backend}"));
  TlsClient client(gateway.address(), "test.example");
  client.write(get(GetParam().target));
  const std::string response = client.read_message();
  const auto line = gateway.access_lines(1).at(0);
  if (GetParam().route[0] == '\0') {
    EXPECT_EQ(status_of(response), 404);
    EXPECT_EQ(line["reason"], "no_route");
    return;
  }
  EXPECT_EQ(body_of(response), std::string("GET ") + GetParam().target + " HTTP/1.1");
  EXPECT_EQ(line["route"], GetParam().route);
}

INSTANTIATE_TEST_SUITE_P(Rows, RouteMatching,
                         testing::Values(Path{"/a", "/a"}, Path{"/a/", "/a"}, Path{"/a/x", "/a"},
                                         Path{"/a?q=/a/b/", "/a"}, Path{"/ab", ""}, Path{"/", ""},
                                         Path{"/A", ""}, Path{"/a/b", "/a"}, Path{"/a/b/", "/a/b/"},
                                         Path{"/a/b/c", "/a/b/"}, Path{"/%61/%62/c", "/a/b/"},
                                         Path{"//a///b//c", "/a/b/"}, Path{"/x/a/b/", ""}));

TEST(RequestRefusal, WebSocketRules) {
  Backend backend(echo());
  RunningGateway gateway(kNames, routes(backend,
                                        "{path: /only, upstream: backend, websocket: required}, "
                                        "{path: /never, upstream: backend, websocket: refused}"));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/only"));
  const std::string required = client.read_message();
  EXPECT_EQ(status_of(required), 426);
  EXPECT_EQ(field_of(required, "Upgrade"), "websocket");
  client.write(upgrade_request("test.example", "/never"));
  EXPECT_EQ(status_of(client.read_message()), 403);
  client.write(get("/never"));
  EXPECT_EQ(status_of(client.read_message()), 200);
}

TEST(RequestRefusal, TheConnectionGoesOnInStep) {
  Backend backend(echo());
  RunningGateway gateway(kNames, routes(backend, "{path: /here, upstream: backend}"));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/nowhere") + request("HEAD /nowhere HTTP/1.1", kHost) + get("/here"));
  const std::string missing = client.read_message();
  EXPECT_EQ(status_of(missing), 404);
  EXPECT_EQ(field_of(missing, "Connection"), std::nullopt);
  EXPECT_NE(body_of(missing), "");
  const std::string head = client.read_message(true);
  EXPECT_EQ(status_of(head), 404);
  EXPECT_NE(field_of(head, "Content-Length"), "0");
  EXPECT_EQ(body_of(client.read_message()), "GET /here HTTP/1.1") << "no body came for HEAD";
}

TEST(RequestRefusal, ABodyThatIsNotReadEndsTheConnection) {
  Backend backend(echo());
  RunningGateway gateway(kNames, routes(backend, "{path: /here, upstream: backend}"));
  TlsClient client(gateway.address(), "test.example");
  client.write(post("/nowhere", get("/here")));
  const std::string response = client.read_all();
  EXPECT_EQ(status_of(response), 404);
  EXPECT_EQ(field_of(response, "Connection"), "close");
  EXPECT_EQ(backend.connections(), 0);
}

TEST(RequestRefusal, AHeadOverItsLimit) {
  Backend backend(echo());
  RunningGateway gateway(
      kNames, routes(backend, "{path: /, upstream: backend}", "limits: {request_head: 4KiB}\n"));
  const std::size_t rest = 4096 - get("/", "X: \r\n").size();
  for (const std::size_t size : {rest, rest + 1, std::size_t{100'000}}) {
    TlsClient client(gateway.address(), "test.example");
    client.write(get("/", "X: " + std::string(size, 'x') + "\r\n"));
    const std::string response = client.read_message();
    EXPECT_EQ(status_of(response), size == rest ? 200 : 431) << size;
    if (size != rest) {
      EXPECT_EQ(client.read_all(), "");
    }
  }
}

TEST(RequestRefusal, MethodsAndVersionsThatAreNotServed) {
  Backend backend(echo());
  RunningGateway gateway(kNames, routes(backend, "{path: /, upstream: backend}"));
  const auto status = [&](const std::string& request) {
    TlsClient client(gateway.address(), "test.example");
    client.write(request);
    return status_of(client.read_all());
  };
  EXPECT_EQ(status(request("TRACE / HTTP/1.1", kHost)), 405);
  EXPECT_EQ(status(request("CONNECT test.example:443 HTTP/1.1", kHost)), 405);
  EXPECT_EQ(status(request("GET / HTTP/1.2", kHost)), 505);
  EXPECT_EQ(status("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
  EXPECT_EQ(backend.connections(), 0);
}

}  // namespace
}  // namespace wssgate::test
