#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/hello.h"
#include "support/running_gateway.h"

// The server name decides: which certificate is shown, or which alert and no certificate at all.
namespace wssgate::test {
namespace {

using testing::ElementsAre;

/// One host for each name, so that each has its own site.
std::string hosts(const std::vector<std::string>& names) {
  std::string yaml = "hosts:\n";
  for (const std::string& name : names) {
    yaml += "  - {names: [\"" + name + "\"], routes: [{path: /, upstream: backend}]}\n";
  }
  return yaml + "upstreams: {backend: {endpoints: [\"127.0.0.1:9\"]}}\n";
}

class ServerName : public testing::Test {
 protected:
  /// The alert that refuses a hello with this name; -1 when it is accepted.
  int alert_for(const TlsOptions& options) const {
    try {
      const TlsClient client(gateway_.address(), options);
      return -1;
    } catch (const TlsRefused& refused) {
      return refused.alert;
    }
  }
  int alert_for(const std::string& name) const {
    return alert_for(TlsOptions{.server_name = name});
  }
  std::vector<std::string> leaf_for(const std::string& name) const {
    return TlsClient(gateway_.address(), name).leaf_names();
  }

  RunningGateway gateway_{
      {{"www.example.com"}, {"*.example.com"}, {"*.b.example.com"}, {"localhost"}},
      hosts({"www.example.com", "*.example.com", "*.b.example.com", "localhost"})};
};

TEST_F(ServerName, IsComparedWithoutCase) {
  EXPECT_THAT(leaf_for("WWW.Example.COM"), ElementsAre("www.example.com"));
  EXPECT_THAT(leaf_for("ANY.EXAMPLE.com"), ElementsAre("*.example.com"));
}

TEST_F(ServerName, MayEndWithADot) {
  EXPECT_THAT(leaf_for("www.example.com."), ElementsAre("www.example.com"));
  EXPECT_EQ(alert_for("www.example.com.."), 112);
}

TEST_F(ServerName, MayBeASingleLabel) {
  EXPECT_THAT(leaf_for("localhost"), ElementsAre("localhost"));
}

TEST_F(ServerName, PrefersTheExactNameToTheWildcard) {
  EXPECT_THAT(leaf_for("www.example.com"), ElementsAre("www.example.com"));
  EXPECT_THAT(leaf_for("ww.example.com"), ElementsAre("*.example.com"));
}

TEST_F(ServerName, PrefersTheLongestWildcard) {
  EXPECT_THAT(leaf_for("a.b.example.com"), ElementsAre("*.b.example.com"));
  EXPECT_THAT(leaf_for("b.example.com"), ElementsAre("*.example.com"));
}

TEST_F(ServerName, IsCoveredByAWildcardInOneLabelOnly) {
  EXPECT_EQ(alert_for("example.com"), 112);
  EXPECT_EQ(alert_for("x.y.example.com"), 112);
  EXPECT_EQ(alert_for("x.a.b.example.com"), 112);
}

TEST_F(ServerName, IsRefusedWhereNoHostHasIt) {
  for (const char* name : {"other.example", "www.example.com.evil.example", "wwwexample.com", "com",
                           "ww-w.example.org", "localhost.localdomain"}) {
    EXPECT_EQ(alert_for(name), 112) << name;
  }
}

TEST_F(ServerName, MatchesNothingWhenItIsNoHostName) {
  const std::string long_label(64, 'a');
  for (const std::string& name :
       {std::string("127.0.0.1"), std::string("::1"), std::string("[::1]"),
        std::string("*.example.com"), std::string("a b.example.com"), std::string(".example.com"),
        std::string("a..example.com"), std::string("-a.example.com"),
        std::string("a\n.example.com"), std::string("caf\xc3\xa9.example.com"),
        std::string("www.example.com:443"), std::string("www.example.com/"), std::string("."),
        long_label + ".example.com"}) {
    EXPECT_EQ(alert_for(name), 112) << name;
  }
}

TEST_F(ServerName, IsMissingExtensionWhereItIsAbsentAndTls13Offered) {
  EXPECT_EQ(alert_for(TlsOptions{}), 109);
  EXPECT_EQ(alert_for(TlsOptions{.min_version = TLS1_3_VERSION}), 109);
}

TEST_F(ServerName, IsAHandshakeFailureWhereItIsAbsentAndTls13NotOffered) {
  EXPECT_EQ(alert_for(TlsOptions{.max_version = TLS1_2_VERSION}), 40);
}

TEST_F(ServerName, IsRefusedUnderTls12AsUnderTls13) {
  EXPECT_EQ(alert_for(TlsOptions{.server_name = "other.example", .max_version = TLS1_2_VERSION}),
            112);
}

/// The two bytes at `offset` behind `before` become a GREASE value (RFC 8701).
std::string with_grease(std::string hello, const std::string& before, std::size_t offset) {
  const auto at = hello.find(before);
  if (at == std::string::npos) throw std::runtime_error("not the hello that was expected");
  return hello.replace(at + offset, 2, "\x0a\x0a");
}

/// Offers a group that the server does not know...
std::string with_unknown_group(const std::string& hello) {
  return with_grease(hello, std::string("\x00\x1d\x00\x17\x00\x1e", 6), 4);
}

/// ... and has its one key share of it, so that the server asks for another hello.
std::string with_unknown_key_share(const std::string& hello) {
  return with_grease(hello, std::string("\x00\x33\x00\x26\x00\x24\x00\x1d", 8), 6);
}

/// What follows a HelloRetryRequest and the ChangeCipherSpec that comes with it.
std::string first_after_retry(RawClient& client, const std::string& second_hello) {
  constexpr std::size_t kChangeCipherSpec = 6;
  const std::string header = client.read_exactly(5);
  EXPECT_EQ(header.substr(0, 1), "\x16");
  client.read_exactly(static_cast<unsigned char>(header[3]) * std::size_t{256} +
                      static_cast<unsigned char>(header[4]) + kChangeCipherSpec);
  client.write(second_hello);
  return client.read_exactly(7);
}

// Only the first hello was peeked at. The second must not choose anew.
TEST_F(ServerName, MayNotChangeInASecondHello) {
  const std::string hello = with_unknown_group(
      captured_hello({.server_name = "www.example.com", .groups = "X25519:P-256:X448"}));
  std::string renamed = hello;
  renamed.replace(renamed.find("www.example.com"), 15, "zzz.example.com");

  RawClient honest(gateway_.address());
  honest.write(with_unknown_key_share(hello));
  EXPECT_EQ(first_after_retry(honest, hello)[0], '\x16');

  RawClient hostile(gateway_.address());
  hostile.write(with_unknown_key_share(hello));
  EXPECT_EQ(first_after_retry(hostile, renamed), std::string("\x15\x03\x03\x00\x02\x02\x70", 7));
}

}  // namespace
}  // namespace wssgate::test
