#include <gtest/gtest.h>

#include <string>

#include "protocol/http/head.h"

namespace wssgate::http {
namespace {

Result<RequestHead> parse(std::string_view text) { return parse_request_head(text); }

TEST(RequestHead, ReadsAnOrdinaryRequest) {
  const auto head = parse(
      "GET /chat?room=1 HTTP/1.1\r\nHost: Chat.Example.com:8443\r\nCookie: a=b \r\nX-Empty:\r\n"
      "Accept:\t*/*\r\n\r\n");
  ASSERT_TRUE(head) << head.error().context;
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->target, "/chat?room=1");
  EXPECT_EQ(head->authority, "Chat.Example.com:8443");
  EXPECT_EQ(head->host, "chat.example.com");
  EXPECT_EQ(head->minor_version, 1);
  EXPECT_EQ(head->headers.size(), 4u);
  EXPECT_EQ(head->headers.find("cookie"), "a=b");
  EXPECT_EQ(head->headers.find("X-EMPTY"), "");
  EXPECT_EQ(head->headers.find("accept"), "*/*");
  EXPECT_EQ(head->headers.find("absent"), std::nullopt);
  EXPECT_EQ(head->framing.kind, Framing::Kind::none);
  EXPECT_TRUE(head->keep_alive);
  EXPECT_FALSE(head->expects_continue);
}

TEST(RequestHead, KeepsItsViewsWhenMoved) {
  auto parsed = parse("GET /a HTTP/1.1\r\nHost: a.b\r\nX: y\r\n\r\n");
  ASSERT_TRUE(parsed);
  RequestHead first = std::move(*parsed);
  const RequestHead moved = std::move(first);
  EXPECT_EQ(moved.method, "GET");
  EXPECT_EQ(moved.target, "/a");
  EXPECT_EQ(moved.authority, "a.b");
  EXPECT_EQ(moved.headers.find("x"), "y");
}

TEST(RequestHead, ToleratesOneEmptyLineBefore) {
  EXPECT_TRUE(parse("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(parse("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(parse("\r\n\r\n"));
}

struct Hosts {
  const char* value;
  const char* host;
};

TEST(RequestHead, TakesHostsThatAreAuthorities) {
  for (const Hosts& row :
       {Hosts{"a.example", "a.example"}, Hosts{"A.Example.", "a.example"},
        Hosts{"localhost:8443", "localhost"}, Hosts{"127.0.0.1", ""}, Hosts{"127.0.0.1:80", ""},
        Hosts{"[::1]", ""}, Hosts{"[2001:db8::1]:443", ""},
        Hosts{"a_b.example:65535", "a_b.example"}}) {
    const auto head = parse("GET / HTTP/1.1\r\nHost: " + std::string(row.value) + "\r\n\r\n");
    ASSERT_TRUE(head) << row.value << ": " << head.error().context;
    EXPECT_EQ(head->authority, row.value);
    EXPECT_EQ(head->host, row.host) << row.value;
  }
}

TEST(RequestHead, RefusesHostsThatAreNone) {
  for (const char* value : {"",
                            " ",
                            "a b",
                            "a,b",
                            "a/b",
                            "a?b",
                            "a#b",
                            "user@a",
                            "a:",
                            ":80",
                            "a:0",
                            "a:65536",
                            "a:000080",
                            "a:8o",
                            "a:80:80",
                            "a:+80",
                            "a: 80",
                            "[::1",
                            "::1",
                            "[::1]80",
                            "[::1]:",
                            "[]",
                            "[a]",
                            "[::1%25eth0]",
                            "[127.0.0.1]",
                            "1.2.3",
                            "1.2.3.256",
                            "a..b",
                            ".a",
                            "-a.b",
                            "a%2eb",
                            "http://a",
                            "a\\b",
                            "\xc3\xa9.example",
                            "*.a.b",
                            "a;b",
                            "'a'"}) {
    const auto head = parse("GET / HTTP/1.1\r\nHost: " + std::string(value) + "\r\n\r\n");
    ASSERT_FALSE(head) << value;
    EXPECT_EQ(head.error().reason, Reason::malformed_request) << value;
  }
}

TEST(RequestHead, LetsHttp10DoWithoutHost) {
  const auto head = parse("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->authority, "");
  EXPECT_EQ(head->host, "");
  EXPECT_EQ(head->minor_version, 0);
  EXPECT_FALSE(head->keep_alive);
}

struct Persistence {
  const char* version;
  const char* connection;
  bool keep_alive;
};

TEST(RequestHead, KnowsWhetherTheConnectionLasts) {
  for (const Persistence& row :
       {Persistence{"1.1", "Keep-Alive", true}, Persistence{"1.1", "CLOSE", false},
        Persistence{"1.1", "upgrade, close", false}, Persistence{"1.1", "closed", true},
        Persistence{"1.0", "Keep-Alive", true}, Persistence{"1.0", "x", false},
        Persistence{"1.0", "keep-alive, close", false}}) {
    const auto head = parse("GET / HTTP/" + std::string(row.version) +
                            "\r\nHost: a\r\nConnection: " + row.connection + "\r\n\r\n");
    ASSERT_TRUE(head);
    EXPECT_EQ(head->keep_alive, row.keep_alive) << row.version << ' ' << row.connection;
  }
  // In a second field, too.
  const auto two = parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(two);
  EXPECT_FALSE(two->keep_alive);
}

TEST(RequestHead, ReadsTheFraming) {
  const auto length = parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0012\r\n\r\n");
  ASSERT_TRUE(length);
  EXPECT_EQ(length->framing.kind, Framing::Kind::length);
  EXPECT_EQ(length->framing.length, 12u);
  const auto zero = parse("POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(zero);
  EXPECT_EQ(zero->framing.kind, Framing::Kind::length);
  EXPECT_EQ(zero->framing.length, 0u);
  const auto most =
      parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n");
  ASSERT_TRUE(most);
  EXPECT_EQ(most->framing.length, 9223372036854775807u);
  const auto chunked = parse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-encoding: Chunked\r\n\r\n");
  ASSERT_TRUE(chunked);
  EXPECT_EQ(chunked->framing.kind, Framing::Kind::chunked);
}

TEST(RequestHead, ExpectsContinueOnlyWithABodyInHttp11) {
  const std::string expect = "Expect: 100-Continue\r\n\r\n";
  const auto with = parse("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n" + expect);
  const auto without = parse("PUT / HTTP/1.1\r\nHost: a\r\n" + expect);
  const auto old = parse("PUT / HTTP/1.0\r\nContent-Length: 3\r\n" + expect);
  ASSERT_TRUE(with && without && old);
  EXPECT_TRUE(with->expects_continue);
  EXPECT_FALSE(without->expects_continue);
  EXPECT_FALSE(old->expects_continue);
}

struct Targets {
  const char* line;  ///< method and target
  const char* host;
  const char* target;
};

TEST(RequestHead, ReducesTargetsToOriginForm) {
  for (const Targets& row : {
           Targets{"GET /a%20b?c=%zz|\\{}", "a.b", "/a%20b?c=%zz|\\{}"},
           Targets{"GET /a;b=c/...", "a.b", "/a;b=c/..."},
           Targets{"GET //a//b", "a.b", "//a//b"},
           Targets{"OPTIONS *", "a.b", "*"},
           Targets{"GET https://a.b/c?d", "a.b", "/c?d"},
           Targets{"GET WSS://A.B:443/c", "a.b", "/c"},
           Targets{"GET https://a.b/c", "a.b:443", "/c"},
           Targets{"GET http://a.b/", "a.b:80", "/"},
           Targets{"GET ws://a.b:80/", "a.b.", "/"},
           Targets{"GET https://a.b", "a.b", "/"},
           Targets{"GET https://a.b?x=1", "a.b", "/?x=1"},
           Targets{"OPTIONS https://a.b", "a.b", "*"},
           Targets{"GET https://[0:0::1]/", "[::1]", "/"},
       }) {
    const auto head =
        parse(std::string(row.line) + " HTTP/1.1\r\nHost: " + row.host + "\r\nX: y\r\n\r\n");
    ASSERT_TRUE(head) << row.line << ": " << head.error().context;
    EXPECT_EQ(head->target, row.target) << row.line;
    EXPECT_EQ(head->authority, row.host) << row.line;
    EXPECT_EQ(head->headers.find("x"), "y");
  }
}

TEST(RequestHead, RefusesTargetsThatCanBeReadInTwoWays) {
  for (const char* line : {"GET *",
                           "GET *a",
                           "OPTIONS *a",
                           "GET a.b",
                           "GET a.b:443",
                           "GET ?a",
                           "GET https:/a.b/",
                           "GET https:a.b",
                           "GET ://a.b/",
                           "GET ftp://a.b/",
                           "GET javascript://a.b/",
                           "GET https://evil/",
                           "GET https://a.b:444/",
                           "GET http://a.b:443/",
                           "GET https://a.b:0/",
                           "GET https:///c",
                           "GET https://u@a.b/",
                           "GET https://u:p@a.b/",
                           "GET https://evil@a.b/",
                           "GET https://a.b@evil/",
                           "GET https://a.b\\@evil/",
                           "GET https://a.b/#f",
                           "GET https://a.b#f",
                           "GET /a#b",
                           "GET /a?b#c",
                           "GET /.",
                           "GET /..",
                           "GET /a/../b",
                           "GET /a/./b",
                           "GET /a/..",
                           "GET /%2e%2E/b",
                           "GET /a/.%2e",
                           "GET /a/%2e/b",
                           "GET /a%2f..%2fb",
                           "GET /a/..%5cb",
                           "GET /a%5c..%5cb",
                           "GET /a/..;/b",
                           "GET /a/..;x=y/b",
                           "GET /a/.;/b",
                           "GET /a\\b",
                           "GET /\\..\\b",
                           "GET /a%",
                           "GET /a%4",
                           "GET /a%4g",
                           "GET /a%u0041",
                           "GET /a%00b",
                           "GET /\xc3\xa9",
                           "GET https://a.b/../c",
                           "GET https://a.b/%00"}) {
    const auto head = parse(std::string(line) + " HTTP/1.1\r\nHost: a.b\r\n\r\n");
    ASSERT_FALSE(head) << line;
    EXPECT_EQ(head.error().reason, Reason::malformed_request) << line;
    EXPECT_EQ(head.error().side, Side::client);
  }
}

TEST(RequestHead, RefusesAnAbsoluteTargetWithoutHost) {
  const auto head = parse("GET https://a.b/ HTTP/1.0\r\n\r\n");
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().reason, Reason::malformed_request);
}

TEST(RequestHead, BoundsTheNumberOfFields) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 255; ++i) head += "X: y\r\n";
  EXPECT_TRUE(parse(head + "\r\n"));
  const auto refused = parse(head + "X: y\r\n\r\n");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::request_head_too_large);
}

TEST(RequestHead, BoundsTheFieldsThatConnectionNames) {
  std::string head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: x";
  for (int i = 0; i < 63; ++i) head += ", x";
  EXPECT_TRUE(parse(head + "\r\n\r\n"));
  EXPECT_FALSE(parse(head + "\r\nConnection: x\r\n\r\n"));
}

}  // namespace
}  // namespace wssgate::http
