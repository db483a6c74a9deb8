#include "nginx/traps.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "unit/nginx/memory_sources.h"

namespace wssgate::nginx {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// The names of the traps in a text, sorted, each once.
std::vector<std::string> traps_in(const std::string& text,
                                  const std::map<std::string, CertificateFacts>& certificates = {
                                      {"/c.pem", facts_for({"a.test"})}}) {
  Report report;
  const Import import = import_text(text, certificates, report);
  EXPECT_EQ(report.text(), "");
  std::set<std::string> names;
  for (const Finding& finding : import.findings.all()) {
    if (kind_of(finding.id) != Kind::trap) continue;
    EXPECT_GT(finding.at.line, 0);
    EXPECT_NE(finding.why, "");
    names.emplace(finding_name(finding.id));
  }
  return {names.begin(), names.end()};
}

/// A server in good order, but for what is added.
std::string server(const std::string& more, const std::string& location = "",
                   const std::string& name = "a.test") {
  return fmt::format(
      "server {{ listen 443 ssl; server_name {}; ssl_certificate /c.pem; ssl_certificate_key "
      "/k.pem; "
      "ssl_protocols TLSv1.2 TLSv1.3; {}\n location / {{ proxy_pass http://127.0.0.1:1; "
      "proxy_set_header Host $host; {} }} }}\n",
      name, more, location);
}

constexpr const char* kUpgrade =
    "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "
    "\"upgrade\"; ";

TEST(NginxTraps, AServerInGoodOrderHasNone) {
  EXPECT_THAT(traps_in(server("")), IsEmpty());
  EXPECT_THAT(traps_in(server("", std::string(kUpgrade) + "proxy_read_timeout 1d;")), IsEmpty());
}

TEST(NginxTraps, ADefaultServerShowsItsCertificateToStrangers) {
  const std::string other =
      "server { listen 443 ssl default_server; server_name b.test; "
      "ssl_certificate /b.pem; ssl_certificate_key /k.pem; ssl_protocols "
      "TLSv1.3; location / { proxy_pass http://127.0.0.1:1; } }";
  const std::map<std::string, CertificateFacts> both = {{"/c.pem", facts_for({"a.test"})},
                                                        {"/b.pem", facts_for({"b.test"})}};
  EXPECT_THAT(traps_in(server("") + other, both), ElementsAre("default_certificate"));
  // The first one is it where nobody says so.
  std::string second = other;
  second.replace(second.find(" default_server"), 15, "");
  EXPECT_THAT(traps_in(server("") + second, both), ElementsAre("default_certificate"));
  EXPECT_THAT(traps_in("server { listen 443 ssl default_server; ssl_reject_handshake on; }\n" +
                           server("") + second,
                       both),
              IsEmpty());
}

TEST(NginxTraps, NamesHaveToBeCovered) {
  EXPECT_THAT(traps_in(server("", "", "a.test b.test")), ElementsAre("name_not_covered"));
  EXPECT_THAT(traps_in(server("", "", "b.test")), ElementsAre("server_name_mismatch"));
  const std::map<std::string, CertificateFacts> wild = {{"/c.pem", facts_for({"*.a.test"})}};
  EXPECT_THAT(traps_in(server("", "", "x.a.test"), wild), IsEmpty());
  EXPECT_THAT(traps_in(server("", "", ".a.test"), wild), ElementsAre("name_not_covered"));
}

TEST(NginxTraps, ChainsHaveToBeComplete) {
  CertificateFacts facts = facts_for({"a.test"});
  facts.leaf_only = true;
  EXPECT_THAT(traps_in(server(""), {{"/c.pem", facts}}), ElementsAre("leaf_only_chain"));
  facts.leaf_only = false;
  facts.problems.push_back({{"/c.pem", 1, 1}, "it has expired", "renew it"});
  EXPECT_THAT(traps_in(server(""), {{"/c.pem", facts}}), ElementsAre("certificate_refused"));
  facts.problems.back().severity = Severity::warning;
  EXPECT_THAT(traps_in(server(""), {{"/c.pem", facts}}), IsEmpty());
}

TEST(NginxTraps, AShortReadTimeoutKillsIdleWebSockets) {
  EXPECT_THAT(traps_in(server("", kUpgrade)), ElementsAre("idle_websocket_killed"));
  EXPECT_THAT(traps_in(server("proxy_read_timeout 300s;", kUpgrade)),
              ElementsAre("idle_websocket_killed"));
  EXPECT_THAT(traps_in(server("proxy_read_timeout 300s;")), IsEmpty());  // no WebSockets there
}

TEST(NginxTraps, UpgradesNeedTheirHeaders) {
  EXPECT_THAT(
      traps_in(server("", "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;")),
      ElementsAre("upgrade_missing"));
  EXPECT_THAT(traps_in(server("",
                              "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
                              "proxy_set_header Connection keep-alive;")),
              ElementsAre("upgrade_missing"));
  EXPECT_THAT(traps_in(server("",
                              "proxy_set_header Upgrade $http_upgrade; proxy_set_header "
                              "Connection upgrade;")),
              ElementsAre("http_version_missing"));
  // By the look of its path.
  EXPECT_THAT(traps_in(server("location /ws/ { proxy_pass http://127.0.0.1:1; }")),
              ElementsAre("http_version_missing", "upgrade_missing"));
  // The location's own header takes the server's away.
  EXPECT_THAT(traps_in(server(kUpgrade)), ElementsAre("upgrade_missing"));
}

TEST(NginxTraps, BackendsHaveToBeVerified) {
  const std::string location =
      "location /x/ { proxy_set_header Host $host; proxy_pass "
      "https://127.0.0.1:2; ";
  EXPECT_THAT(traps_in(server(location + "}")), ElementsAre("upstream_unverified"));
  EXPECT_THAT(traps_in(server(location + "proxy_ssl_verify on; }")), IsEmpty());
  EXPECT_THAT(traps_in(server("proxy_ssl_verify on; " + location + "}")), IsEmpty());
}

TEST(NginxTraps, StaplingNeedsAResolver) {
  EXPECT_THAT(traps_in(server("ssl_stapling on;")), ElementsAre("stapling_without_resolver"));
  EXPECT_THAT(traps_in("resolver 127.0.0.1;\n" + server("ssl_stapling on;")), IsEmpty());
}

TEST(NginxTraps, OldTlsAndRsaKeyExchange) {
  CertificateFacts rsa = facts_for({"a.test"});
  rsa.rsa = true;
  const std::map<std::string, CertificateFacts> certificates = {{"/c.pem", rsa}};
  EXPECT_THAT(traps_in(server(""), certificates), ElementsAre("rsa_key_exchange"));
  EXPECT_THAT(traps_in(server("ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;"), certificates),
              IsEmpty());
  EXPECT_THAT(traps_in(server("ssl_ciphers HIGH;"), certificates), ElementsAre("rsa_key_exchange"));
  EXPECT_THAT(traps_in(server("ssl_ciphers HIGH;")), IsEmpty());  // ECDSA
  std::string old = server("");
  old.replace(old.find("TLSv1.2"), 7, "TLSv1.1");
  EXPECT_THAT(traps_in(old), ElementsAre("old_tls"));
}

TEST(NginxTraps, TheSecondServerOfANameIsIgnored) {
  EXPECT_THAT(traps_in(server("") + server("")), Contains("server_ignored"));
  EXPECT_THAT(traps_in("server { listen 80; server_name a.test; return 301 "
                       "https://$host$request_uri; }\n" +
                       server("")),
              IsEmpty());
}

TEST(NginxTraps, PlaceAndReasonAreTold) {
  Report report;
  const Import import =
      import_text("\n" + server("", "", "b.test"), {{"/c.pem", facts_for({"a.test"})}}, report);
  const auto ordered = import.findings.ordered();
  ASSERT_FALSE(ordered.empty());
  EXPECT_EQ(ordered[0].at.line, 2);
  EXPECT_EQ(ordered[0].directive, "server_name b.test");
  EXPECT_THAT(ordered[0].what, HasSubstr("does not cover b.test; it is for a.test"));
}

TEST(NginxTraps, AProxyHeaderFromAnyone) {
  std::string text = server("");
  text.replace(text.find("ssl;"), 4, "ssl proxy_protocol;");
  EXPECT_THAT(traps_in(text), ElementsAre("proxy_protocol_from_anyone"));
  EXPECT_THAT(traps_in("set_real_ip_from 10.0.0.0/8;\n" + text), IsEmpty());
}

}  // namespace
}  // namespace wssgate::nginx
