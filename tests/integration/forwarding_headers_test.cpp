#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

/// What an upstream is told of the client, and what neither side is told.
namespace wssgate::test {
namespace {

/// The head that the upstream got for this request.
std::string head_at_upstream(const std::string& request, const std::string& more = "") {
  Journal seen;
  Backend backend(answering([&](const std::string& head) {
    seen.add(head);
    return ok("");
  }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint(), more));
  TlsClient client(gateway.address(), "test.example");
  client.write(request);
  EXPECT_EQ(status_of(client.read_message()), 200);
  return seen.wait_for(1).at(0);
}

TEST(ForwardingHeaders, AreSet) {
  const std::string head = head_at_upstream(get("/path?query=1"));
  EXPECT_EQ(start_line_of(head), "GET /path?query=1 HTTP/1.1");
  EXPECT_EQ(field_of(head, "Host"), "test.example");
  EXPECT_EQ(field_of(head, "X-Forwarded-For"), "127.0.0.1");
  EXPECT_EQ(field_of(head, "X-Forwarded-Proto"), "https");
  EXPECT_EQ(field_of(head, "X-Forwarded-Host"), "test.example");
  EXPECT_EQ(field_of(head, "Forwarded"), "for=127.0.0.1;host=test.example;proto=https");
  EXPECT_EQ(field_of(head, "Via"), std::nullopt);
}

TEST(ForwardingHeaders, HostIsKeptAsItWasSent) {
  const std::string head =
      head_at_upstream(request("GET / HTTP/1.1", "Host: TEST.example:8443\r\n"));
  EXPECT_EQ(field_of(head, "Host"), "TEST.example:8443");
}

constexpr const char* kClaims =
    "X-Forwarded-For: 10.9.8.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: evil.example\r\n"
    "Forwarded: for=10.9.8.7\r\nX_Forwarded_For: 10.9.8.7\r\nX-Real-IP: 10.9.8.7\r\n"
    "X-Forwarded-Port: 10987\r\nProxy: http://evil.example\r\n";

TEST(ForwardingHeaders, AStrangersClaimsAreReplaced) {
  const std::string head = head_at_upstream(get("/", kClaims));
  EXPECT_EQ(head.find("10.9.8.7"), std::string::npos) << head;
  EXPECT_EQ(head.find("evil.example"), std::string::npos) << head;
  EXPECT_EQ(field_of(head, "X-Forwarded-For"), "127.0.0.1");
  EXPECT_EQ(field_of(head, "X-Forwarded-Proto"), "https");
  EXPECT_EQ(field_of(head, "X-Forwarded-Port"), std::nullopt);
}

TEST(ForwardingHeaders, ATrustedProxysAreExtended) {
  const std::string head = head_at_upstream(get("/", kClaims), "trusted_proxies: [127.0.0.0/8]\n");
  EXPECT_EQ(field_of(head, "X-Forwarded-For"), "10.9.8.7, 127.0.0.1");
  EXPECT_EQ(field_of(head, "X-Forwarded-Proto"), "http");
  EXPECT_EQ(field_of(head, "X-Forwarded-Host"), "evil.example");
  EXPECT_EQ(field_of(head, "Forwarded"),
            "for=10.9.8.7, for=127.0.0.1;host=test.example;proto=https");
  EXPECT_EQ(field_of(head, "X-Real-IP"), "10.9.8.7");
}

TEST(ForwardingHeaders, HopByHopFieldsOfTheRequestStay) {
  const std::string head = head_at_upstream(
      get("/",
          "Connection: keep-alive, X-Private\r\nKeep-Alive: 5\r\nX-Private: 1\r\nTE: gzip\r\n"
          "Proxy-Connection: x\r\nProxy-Authorization: secret\r\nUpgrade: h2c\r\n"
          "HTTP2-Settings: AAA\r\nCookie: a=b\r\nAuthorization: Bearer x\r\n"));
  for (const char* gone : {"Connection", "Keep-Alive", "X-Private", "TE", "Proxy-Connection",
                           "Proxy-Authorization", "Upgrade", "HTTP2-Settings"}) {
    EXPECT_EQ(field_of(head, gone), std::nullopt) << gone;
  }
  EXPECT_EQ(field_of(head, "Cookie"), "a=b");
  EXPECT_EQ(field_of(head, "Authorization"), "Bearer x");
}

TEST(ForwardingHeaders, HopByHopFieldsOfTheResponseStay) {
  Backend backend(answering([](const std::string&) {
    return "HTTP/1.1 200 OK\r\nConnection: X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\n"
           "Upgrade: h2c\r\nServer: app\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
           "Content-Length: 0\r\n\r\n";
  }));
  RunningGateway gateway({{"test.example"}}, one_host(backend.endpoint()));
  TlsClient client(gateway.address(), "test.example");
  client.write(get("/"));
  const std::string response = client.read_message();
  for (const char* gone : {"Connection", "Keep-Alive", "X-Private", "Upgrade", "Via"}) {
    EXPECT_EQ(field_of(response, gone), std::nullopt) << gone;
  }
  EXPECT_EQ(field_of(response, "Server"), "app");
  EXPECT_THAT(response, testing::HasSubstr("Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
}

}  // namespace
}  // namespace wssgate::test
