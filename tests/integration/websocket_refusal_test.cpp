// An upstream that refuses an upgrade is heard, and the client may go on.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/websocket.h"

namespace wssgate::test {
namespace {

class UpstreamRefusal : public testing::TestWithParam<std::string> {};

TEST_P(UpstreamRefusal, ReachesTheClientAsItIs) {
  const std::string body = "{\"why\": \"because\"}";
  const Backend backend([&](RawClient& proxy, int) {
    for (;;) {
      const bool upgrade = proxy.read_message().find("Upgrade") != std::string::npos;
      proxy.write(upgrade ? "HTTP/1.1 " + GetParam() +
                                "\r\nLocation: /login\r\nWWW-Authenticate: Bearer\r\n"
                                "Content-Length: " +
                                std::to_string(body.size()) + "\r\n\r\n" + body
                          : ok("next"));
    }
  });
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");

  client.write(upgrade_request("test.example"));
  const std::string refusal = client.read_message();
  client.write("GET /next HTTP/1.1\r\nHost: test.example\r\n\r\n");
  const std::string next = client.read_message();

  EXPECT_EQ(refusal.substr(0, 9 + GetParam().size()), "HTTP/1.1 " + GetParam());
  EXPECT_NE(refusal.find("Location: /login\r\n"), std::string::npos);
  EXPECT_NE(refusal.find("WWW-Authenticate: Bearer\r\n"), std::string::npos);
  EXPECT_EQ(refusal.substr(refusal.size() - body.size()), body);
  EXPECT_EQ(next.substr(next.size() - 4), "next");
  EXPECT_EQ(gateway.access_lines(2)[0]["event"], "request");
}

INSTANTIATE_TEST_SUITE_P(All, UpstreamRefusal,
                         testing::Values("401 Unauthorized", "403 Forbidden", "302 Found", "200 OK",
                                         "404 Not Found", "503 Service Unavailable"),
                         [](const auto& c) { return "Status" + c.param.substr(0, 3); });

// What a client sent ahead of a refused upgrade are frames, never the next request.
TEST(FramesAheadOfARefusal, AreNotTakenForARequest) {
  const Backend backend(answering([](const std::string&) { return ok("smuggled"); }));
  RunningGateway gateway(
      {{"test.example"}},
      "hosts:\n  - names: [test.example]\n"
      "    routes: [{path: /, upstream: backend, allowed_origins: [same-host]}]\n"
      "upstreams: {backend: {endpoints: [\"" +
          backend.endpoint() + "\"]}}\n");
  TlsClient client(gateway.address(), "test.example");

  client.write(upgrade_request("test.example", "/", "Origin: https://evil.example\r\n") +
               "GET /frame HTTP/1.1\r\nHost: test.example\r\n\r\n");

  const std::string answers = client.read_all();
  EXPECT_EQ(answers.substr(0, 12), "HTTP/1.1 403");
  EXPECT_EQ(answers.find("smuggled"), std::string::npos) << answers;
  EXPECT_EQ(backend.connections(), 0);
}

}  // namespace
}  // namespace wssgate::test
