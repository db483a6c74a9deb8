#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "support/backend.h"
#include "support/http_text.h"
#include "support/running_gateway.h"

// Versions, suites and groups as listeners and hosts have them.
namespace wssgate::test {
namespace {

class TlsPolicies : public testing::Test {
 protected:
  enum Listener : std::size_t { kPlain, kModern, kGroups };

  /// The alert that the client gets; -1 when it is served.
  int alert_for(Listener listener, const std::string& host, int version,
                const std::string& ciphers = "", const std::string& groups = "") const {
    TlsOptions options{.server_name = host, .min_version = version, .max_version = version};
    options.ciphers = ciphers;
    options.groups = groups;
    try {
      TlsClient client(gateway_.address(listener), options);
      client.write("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
      EXPECT_THAT(client.read_message(), testing::HasSubstr("served"));
      return -1;
    } catch (const TlsRefused& refused) {
      return refused.alert;
    }
  }

  Backend backend_{answering([](const std::string&) { return ok("served"); })};
  RunningGateway gateway_{
      {{"plain.example", "modern.example", "open.example", "suite.example"}},
      "listeners:\n"
      "  - {address: \"127.0.0.1:0\"}\n"
      "  - {address: \"127.0.0.1:0\", tls: {preset: modern}}\n"
      "  - {address: \"127.0.0.1:0\", tls: {groups: [P-256]}}\n"
      "hosts:\n"
      "  - {names: [plain.example], routes: [{upstream: u}]}\n"
      "  - {names: [modern.example], tls: {min_version: 1.3}, routes: [{upstream: u}]}\n"
      "  - {names: [open.example], tls: {preset: intermediate}, routes: [{upstream: u}]}\n"
      "  - names: [suite.example]\n"
      "    tls: {ciphers: [TLS_CHACHA20_POLY1305_SHA256, ECDHE-ECDSA-AES256-GCM-SHA384]}\n"
      "    routes: [{upstream: u}]\n"
      "upstreams: {u: {endpoints: [\"" +
          backend_.endpoint() + "\"]}}\n"};
};

TEST_F(TlsPolicies, AreIntermediateByDefault) {
  EXPECT_EQ(alert_for(kPlain, "plain.example", TLS1_2_VERSION), -1);
  EXPECT_EQ(alert_for(kPlain, "plain.example", TLS1_3_VERSION), -1);
  EXPECT_EQ(alert_for(kPlain, "plain.example", TLS1_1_VERSION, "DEFAULT:@SECLEVEL=0"),
            SSL_AD_PROTOCOL_VERSION);
}

TEST_F(TlsPolicies, OfAListenerHoldForItsConnectionsAlone) {
  EXPECT_EQ(alert_for(kModern, "plain.example", TLS1_2_VERSION), SSL_AD_PROTOCOL_VERSION);
  EXPECT_EQ(alert_for(kModern, "plain.example", TLS1_3_VERSION), -1);
  EXPECT_EQ(alert_for(kGroups, "plain.example", TLS1_3_VERSION, "", "X25519"),
            SSL_AD_HANDSHAKE_FAILURE);
  EXPECT_EQ(alert_for(kGroups, "plain.example", TLS1_2_VERSION, "", "P-256"), -1);
  EXPECT_EQ(alert_for(kPlain, "plain.example", TLS1_3_VERSION, "", "X25519"), -1);
}

TEST_F(TlsPolicies, OfAHostHoldOnEveryListener) {
  for (const Listener listener : {kPlain, kModern, kGroups}) {
    EXPECT_EQ(alert_for(listener, "modern.example", TLS1_2_VERSION), SSL_AD_PROTOCOL_VERSION);
    EXPECT_EQ(alert_for(listener, "modern.example", TLS1_3_VERSION), -1);
  }
}

TEST_F(TlsPolicies, OfAHostGoOverTheListenersKeyByKey) {
  EXPECT_EQ(alert_for(kPlain, "suite.example", TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"),
            SSL_AD_HANDSHAKE_FAILURE);
  EXPECT_EQ(alert_for(kPlain, "suite.example", TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384"),
            -1);
  EXPECT_EQ(alert_for(kModern, "suite.example", TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384"),
            SSL_AD_PROTOCOL_VERSION)
      << "the listener's version stands";
  EXPECT_EQ(alert_for(kGroups, "suite.example", TLS1_3_VERSION, "", "X25519"),
            SSL_AD_HANDSHAKE_FAILURE)
      << "the listener's groups stand";
}

TEST_F(TlsPolicies, StartAfreshWithAHostsPreset) {
  EXPECT_EQ(alert_for(kModern, "open.example", TLS1_2_VERSION), -1);
  EXPECT_EQ(alert_for(kGroups, "open.example", TLS1_3_VERSION, "", "X25519"), -1);
}

// A ticket of the strict listener's terms, where looser ones hold, and the other way round.
TEST_F(TlsPolicies, AreNotCrossedByTickets) {
  const auto session_at = [&](Listener listener, SSL_SESSION* with) {
    TlsClient client(gateway_.address(listener),
                     TlsOptions{.server_name = "plain.example", .session = with});
    client.write("GET / HTTP/1.1\r\nHost: plain.example\r\n\r\n");
    client.read_message();
    const bool reused = SSL_session_reused(client.ssl()) == 1;
    client.end_writing();
    using SessionPtr = std::unique_ptr<SSL_SESSION, pki::OpensslDeleter<SSL_SESSION_free>>;
    return std::pair(reused, SessionPtr(SSL_get1_session(client.ssl())));
  };
  const auto first = session_at(kModern, nullptr);
  EXPECT_FALSE(session_at(kPlain, first.second.get()).first);
  EXPECT_TRUE(session_at(kModern, first.second.get()).first);
}

/// What is said against a configuration with these sections.
std::string problems_of(const std::string& listener, const std::string& host) {
  try {
    const RunningGateway gateway({{"a.example"}},
                                 "listeners: [{address: \"127.0.0.1:0\"" + listener +
                                     "}]\n"
                                     "hosts:\n  - {names: [a.example], routes: [{upstream: u}]" +
                                     host + "}\nupstreams: {u: {endpoints: [\"127.0.0.1:9\"]}}\n");
    return "";
  } catch (const std::runtime_error& refused) {
    return refused.what();
  }
}

TEST(TlsPolicyProblems, StandAtTheNameThatIsWrong) {
  EXPECT_EQ(
      problems_of(", tls: {ciphers: [TLS_AES_128_GCM_SHA256, AES128-SHA]}", ""),
      "test.yaml:4:78: 'AES128-SHA' has no forward secrecy: whoever gets the key one day reads "
      "what was recorded before. remove it, or name the ECDHE suite in its place.\n");
  EXPECT_THAT(problems_of("", ", tls: {groups: [X25519, X25518]}"),
              testing::MatchesRegex(
                  "test.yaml:6:74: no key exchange group is called 'X25518'. write 'X25519' if "
                  "you meant that.\n"));
}

TEST(TlsPolicyProblems, AreToldOfVersionsWithoutASuite) {
  EXPECT_THAT(
      problems_of(", tls: {preset: modern, min_version: 1.2}", ""),
      testing::HasSubstr("test.yaml:4:43: TLS 1.2 is allowed, but no cipher suite of it is "
                         "named. write 'min_version: \"1.3\"', or name some under 'ciphers'"));
  EXPECT_THAT(problems_of(", tls: {ciphers: [TLS_AES_128_GCM_SHA256]}", ""),
              testing::HasSubstr("TLS 1.2 is allowed, but no cipher suite of it is named"));
  EXPECT_THAT(problems_of("", ", tls: {ciphers: [ECDHE-ECDSA-AES128-GCM-SHA256]}"),
              testing::HasSubstr("no cipher suite of TLS 1.3 is named, which every client of today "
                                 "speaks. name some under 'ciphers', such as "
                                 "TLS_AES_128_GCM_SHA256."));
  EXPECT_THAT(problems_of(", tls: {preset: modern}", ", tls: {min_version: 1.2}"),
              testing::StartsWith("test.yaml:6:56: TLS 1.2 is allowed"));
  EXPECT_EQ(problems_of(", tls: {preset: modern, ciphers: [TLS_AES_128_GCM_SHA256]}", ""), "");
}

TEST(TlsPolicyProblems, AreToldOfSuitesWithoutAVersion) {
  EXPECT_THAT(
      problems_of("",
                  ", tls: {preset: modern, ciphers: [TLS_AES_128_GCM_SHA256, "
                  "ECDHE-ECDSA-AES128-GCM-SHA256]}"),
      testing::HasSubstr("'ECDHE-ECDSA-AES128-GCM-SHA256' is a suite of TLS 1.2, which this "
                         "section does not allow. remove it, or allow TLS 1.2 by "
                         "min_version or preset."));
}

TEST(TlsPolicyProblems, AreToldOnce) {
  const std::string problems = problems_of("}, {address: \"127.0.0.1:0\", tls: {groups: [X25519]}",
                                           ", tls: {ciphers: [TLS_AES_128_GCM_SHA256]}");
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 1) << problems;
}

}  // namespace
}  // namespace wssgate::test
