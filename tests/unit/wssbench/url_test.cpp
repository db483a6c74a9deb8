#include "wssbench/url.h"

#include <gtest/gtest.h>

namespace wssgate::bench {
namespace {

TEST(BenchUrl, IsTakenApart) {
  const auto url = Url::parse("wss://chat.example.com:8443/room?id=1#top");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->secure);
  EXPECT_EQ(url->host, "chat.example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/room?id=1");
  EXPECT_EQ(url->authority(), "chat.example.com:8443");
}

TEST(BenchUrl, HasTheSchemesPortAndAPath) {
  EXPECT_EQ(Url::parse("wss://a.test")->port, 443);
  EXPECT_EQ(Url::parse("http://a.test?x")->port, 80);
  EXPECT_EQ(Url::parse("http://a.test?x")->target, "/?x");
  EXPECT_EQ(Url::parse("WS://a.test")->target, "/");
  EXPECT_EQ(Url::parse("https://a.test:443/")->authority(), "a.test");
  EXPECT_EQ(Url::parse("ws://[::1]:81/")->authority(), "[::1]:81");
  EXPECT_EQ(Url::parse("ws://[::1]/")->host, "::1");
}

TEST(BenchUrl, OthersAreRefused) {
  for (const char* text :
       {"", "a.test", "ftp://a.test/", "wss://", "wss://a.test:0/", "wss://a.test:x/",
        "wss://user@a.test/", "wss://a.test/a b", "wss://a.test/\r\nX: y"}) {
    EXPECT_FALSE(Url::parse(text)) << text;
  }
}

}  // namespace
}  // namespace wssgate::bench
