#include "doctor/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "unit/doctor/facts.h"

namespace wssgate::doctor {
namespace {

using test::CertificateOptions;
using test::day;
using test::TestCertificate;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class Rendering : public testing::Test {
 protected:
  std::string text(const std::vector<Probe>& probes, bool coloured = false) const {
    const Target target = chat_target();
    return report_text(target, probes, clinic_.diagnose(probes), clinic_.judge().now, coloured);
  }
  std::vector<std::string> state(const std::vector<Probe>& probes) const {
    return state_lines(chat_target(), probes, clinic_.diagnose(probes));
  }

  Clinic clinic_;
  TestCertificate leaf_ = clinic_.leaf();
};

TEST_F(Rendering, ShowsAddressesSideBySide) {
  CertificateOptions options = good_options();
  options.not_after = day(2026, 1, 20);
  const TestCertificate old = clinic_.leaf(options);
  Probe down;
  down.address = *SocketAddress::parse("[2001:db8::1]:443");
  down.connect = Step::refused;
  const auto probes =
      probes_of(clinic_.probe(leaf_, "192.0.2.1:443"), clinic_.probe(leaf_, "192.0.2.2:443"),
                clinic_.probe(old, "192.0.2.3:443"), std::move(down));
  const std::string shown = text(probes);
  EXPECT_THAT(shown, StartsWith("wss://chat.test/ws, 4 addresses\n\n  address "));
  EXPECT_THAT(shown, HasSubstr("2026-04-01 (59 d)     2     n/a"));
  EXPECT_THAT(shown, HasSubstr("2026-01-20 (expired)* 2     n/a"));
  EXPECT_THAT(shown, HasSubstr("  [2001:db8::1]:443  refused  -"));
  EXPECT_THAT(shown, HasSubstr("The addresses differ\n"));
  EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
}

TEST_F(Rendering, EndsWithTheSentenceAndItsLines) {
  Probe probe = good_probe("192.0.2.1:443", {&leaf_});
  EXPECT_THAT(text(probes_of(std::move(probe))),
              EndsWith("\nThe chain is incomplete: the server's certificate is sent alone, and the "
                       "intermediate 'Test Intermediate' is missing; serve the CA's fullchain.pem "
                       "(the certificate and its intermediates) in the place of the certificate "
                       "alone.\n"
                       "  nginx    ssl_certificate /etc/ssl/chat.test/fullchain.pem;   # not "
                       "cert.pem\n"
                       "  HAProxy  bind :443 ssl crt /etc/haproxy/certs/chat.test.pem   # "
                       "certificate, intermediates, key, in this order\n"
                       "  Caddy    tls /etc/ssl/chat.test/fullchain.pem "
                       "/etc/ssl/chat.test/privkey.pem\n"
                       "  wssgate  certificates: {folders: [certs/]}   # "
                       "certs/chat.test/fullchain.pem; 'wssgate check' proves it\n"));
}

TEST_F(Rendering, IsColouredWhereAskedFor) {
  Probe probe = good_probe("192.0.2.1:443", {&leaf_});
  EXPECT_THAT(text(probes_of(std::move(probe)), true),
              HasSubstr("\x1b[1;31merror\x1b[0m    chain_incomplete\n"));
}

TEST_F(Rendering, EscapesWhatServersSay) {
  CertificateOptions options = good_options();
  options.common_name = "evil\x1b[31m";
  options.names = {"chat.test", "email:a@b"};
  const TestCertificate evil = clinic_.leaf(options);
  Probe probe = clinic_.probe(evil, "192.0.2.1:443");
  probe.http.status = 302;
  probe.http.fields = {{"Location", "https://x.test/\x1b[0m?token=hidden"},
                       {"Server", "a\x07"},
                       {"X-Unasked", "hidden"}};
  probe.hsts = "max-age\x1b";
  const auto probes = probes_of(std::move(probe));
  const std::string shown = text(probes);
  EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
  EXPECT_THAT(shown, Not(HasSubstr("\x07")));
  EXPECT_THAT(shown, Not(HasSubstr("hidden")));
  EXPECT_THAT(shown, HasSubstr("evil\\x1b[31m"));
  const std::string json =
      report_json(chat_target(), probes, clinic_.diagnose(probes), clinic_.judge().now, false);
  EXPECT_THAT(json, Not(HasSubstr("hidden")));
  EXPECT_THAT(json, Not(HasSubstr("\n")));
}

TEST_F(Rendering, JsonHasTheSame) {
  const auto probes =
      probes_of(good_probe("192.0.2.1:443", {&leaf_}), clinic_.probe(leaf_, "192.0.2.2:443"));
  const auto json = nlohmann::json::parse(
      report_json(chat_target(), probes, clinic_.diagnose(probes), clinic_.judge().now, true));
  EXPECT_EQ(json["exit_code"], 1);
  EXPECT_EQ(json["time"], "2026-02-01T00:00:00Z");
  EXPECT_EQ(json["findings"][0]["id"], "chain_incomplete");
  EXPECT_EQ(json["findings"][0]["addresses"], nlohmann::json({"192.0.2.1:443"}));
  EXPECT_EQ(json["findings"][0]["strict_clients"]["outlook"], "refuse");
  EXPECT_EQ(json["addresses"][1]["tls"]["chain"][0]["names"], nlohmann::json({"chat.test"}));
  EXPECT_EQ(json["addresses"][1]["without_name"]["alert"], 109);
  EXPECT_EQ(json["differences"][0]["what"], "chain");
  EXPECT_FALSE(json["remedy"]["haproxy"].get<std::string>().empty());
}

TEST_F(Rendering, TheStateHasNoTimesInIt) {
  Probe one = clinic_.probe(leaf_, "192.0.2.1:443");
  Probe two = clinic_.probe(leaf_, "192.0.2.1:443");
  two.connect_took = Duration(77);
  two.websocket.pong_after = Duration(88);
  EXPECT_EQ(state(probes_of(std::move(one))), state(probes_of(std::move(two))));
}

TEST_F(Rendering, AChangeIsWhatCameAndWhatWent) {
  Probe before = clinic_.probe(leaf_, "192.0.2.1:443");
  Probe after = clinic_.probe(leaf_, "192.0.2.1:443");
  after.http.status = 502;
  const auto changed =
      changed_lines(state(probes_of(std::move(before))), state(probes_of(std::move(after))));
  EXPECT_THAT(changed, ElementsAre(AllOf(StartsWith("- 192.0.2.1:443: "), EndsWith("101, pong")),
                                   AllOf(StartsWith("+ 192.0.2.1:443: "), EndsWith("502")),
                                   "+ error upgrade_refused at 192.0.2.1:443"));
}

TEST(ChangedLines, AreNoneOfEqualStates) {
  EXPECT_THAT(changed_lines({"a", "b"}, {"a", "b"}), IsEmpty());
}

}  // namespace
}  // namespace wssgate::doctor
