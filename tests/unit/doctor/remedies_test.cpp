#include "doctor/remedies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/doctor/facts.h"

namespace wssgate::doctor {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Remedies, HaveAllFourServersOrNone) {
  const Target target = chat_target();
  for (std::size_t i = 0; i < kFindingCount; ++i) {
    for (const char* cause : {"", "name", "versions", "client_certificate", "alpn", "forwarding",
                              "path", "upstream", "redirect", "origin", "auth", "host", "limit",
                              "library", "no_name", "connection", "HSTS"}) {
      Finding finding;
      finding.id = static_cast<FindingId>(i);
      finding.cause = cause;
      const Remedy remedy = remedy_for(finding, target);
      const bool one = remedy.nginx.empty() || remedy.haproxy.empty() || remedy.caddy.empty() ||
                       remedy.wssgate.empty();
      EXPECT_EQ(one, remedy.empty()) << finding_name(finding.id) << " " << cause;
    }
  }
}

TEST(Remedies, HaveTheNamesFilledIn) {
  Finding finding;
  finding.id = FindingId::name_not_covered;
  const Remedy remedy = remedy_for(finding, chat_target());
  EXPECT_THAT(remedy.nginx, HasSubstr("listen 443 ssl; server_name chat.test;"));
  EXPECT_THAT(remedy.wssgate, HasSubstr("names: [chat.test]"));
  finding.id = FindingId::upgrade_refused;
  finding.cause = "path";
  EXPECT_THAT(remedy_for(finding, chat_target()).nginx, HasSubstr("location /ws {"));
  finding.cause = "forwarding";
  // nginx's own variables stay.
  EXPECT_THAT(remedy_for(finding, chat_target()).nginx, HasSubstr("Upgrade $http_upgrade;"));
}

TEST(Remedies, AreThereForEachCause) {
  Finding finding;
  for (const char* cause : {"auth", "host", "limit"}) {
    finding.id = FindingId::upgrade_refused;
    finding.cause = cause;
    EXPECT_FALSE(remedy_for(finding, chat_target()).empty()) << cause;
  }
  for (const char* cause : {"library", "no_name"}) {
    finding.id = FindingId::handshake_refused;
    finding.cause = cause;
    EXPECT_FALSE(remedy_for(finding, chat_target()).empty()) << cause;
  }
  for (const FindingId id : {FindingId::connect_timeout, FindingId::plaintext_url}) {
    finding.id = id;
    finding.cause = "";
    EXPECT_FALSE(remedy_for(finding, chat_target()).empty()) << finding_name(id);
  }
}

TEST(Remedies, OfADifferenceFitIt) {
  Finding finding;
  finding.id = FindingId::addresses_differ;
  const auto nginx = [&](const char* what) {
    finding.cause = what;
    return remedy_for(finding, chat_target()).nginx;
  };
  EXPECT_THAT(nginx("certificate"), HasSubstr("certbot renew"));
  EXPECT_THAT(nginx("chain"), HasSubstr("not cert.pem"));
  EXPECT_THAT(nginx("connection"), HasSubstr("listen 443 ssl;"));
  EXPECT_THAT(nginx("TLS version"), HasSubstr("ssl_protocols"));
  EXPECT_THAT(nginx("staple"), HasSubstr("ssl_stapling"));
  EXPECT_THAT(nginx("served to a made-up name"), HasSubstr("ssl_reject_handshake"));
  EXPECT_THAT(nginx("answer"), HasSubstr("proxy_pass"));
  EXPECT_THAT(nginx("HSTS"), HasSubstr("Strict-Transport-Security"));
}

TEST(Remedies, HoldNoQuery) {
  Request request;
  request.url = "wss://chat.test/ws?token=hidden";
  Finding finding;
  finding.id = FindingId::upgrade_refused;
  finding.cause = "path";
  EXPECT_THAT(remedy_for(finding, *make_target(request)).nginx, Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace wssgate::doctor
