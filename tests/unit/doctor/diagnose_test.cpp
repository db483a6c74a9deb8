#include "doctor/diagnose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "unit/doctor/facts.h"

namespace wssgate::doctor {
namespace {

using test::CertificateOptions;
using test::day;
using test::TestCertificate;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class Diagnoses : public testing::Test {
 protected:
  Probe good(const std::string& address = "192.0.2.1:443") const {
    return clinic_.probe(leaf_, address);
  }
  Diagnosis of(Probe probe) const { return clinic_.diagnose(probes_of(std::move(probe))); }

  Clinic clinic_;
  TestCertificate leaf_ = clinic_.leaf();
};

TEST_F(Diagnoses, NothingIsWrong) {
  const Diagnosis made = of(good());
  EXPECT_THAT(made.findings, IsEmpty());
  EXPECT_EQ(made.exit_code, ExitCode::good);
  EXPECT_EQ(made.sentence, "Nothing is wrong");
  EXPECT_EQ(made.verdicts.front().browsers, Effect{});
  EXPECT_EQ(made.verdicts.front().chain, "chat.test <- Test Intermediate <- Test Root (trusted)");
}

TEST_F(Diagnoses, OfALocationNoSecretIsTold) {
  for (const char* location :
       {"https://x.test/cb?token=hidden", "https://x.test/cb#access_token=hidden",
        "https://user:hidden@x.test/cb", "//hidden@x.test/cb"}) {
    Probe probe = good();
    probe.http.status = 302;
    probe.http.fields = {{"Location", location}};
    const Finding told = of(std::move(probe)).findings.front();
    EXPECT_THAT(told.what, Not(HasSubstr("hidden"))) << location;
    EXPECT_THAT(told.what, HasSubstr("//x.test/cb")) << location;
  }
}

TEST_F(Diagnoses, EachEndOnTheWayHasItsName) {
  struct Case {
    const char* id = nullptr;
    void (*plant)(Probe&) = nullptr;
    ExitCode code = ExitCode::broken;
  };
  using Tls = TlsAnswer::End;
  for (const auto& [id, plant, code] : {
           Case{"connect_refused", [](Probe& p) { p.connect = Step::refused; },
                ExitCode::unreachable},
           Case{"connect_timeout", [](Probe& p) { p.connect = Step::timed_out; },
                ExitCode::unreachable},
           Case{"connect_no_route", [](Probe& p) { p.connect = Step::no_route; },
                ExitCode::unreachable},
           Case{"connect_failed", [](Probe& p) { p.connect = Step::reset; }, ExitCode::unreachable},
           Case{"connect_failed", [](Probe& p) { p.connect = Step::unreachable; },
                ExitCode::unreachable},
           Case{"handshake_reset", [](Probe& p) { p.tls.end = Tls::reset; }},
           Case{"handshake_closed", [](Probe& p) { p.tls.end = Tls::closed; }},
           Case{"handshake_timeout", [](Probe& p) { p.tls.end = Tls::timed_out; }},
           Case{"handshake_failed", [](Probe& p) { p.tls.end = Tls::failed; }},
           Case{"handshake_refused", [](Probe& p) { p.tls = alert(40); }},
           Case{"not_tls",
                [](Probe& p) {
                  p.tls.end = Tls::not_tls;
                  p.tls.first_bytes = "SSH-2.0";
                }},
           Case{"plain_http",
                [](Probe& p) {
                  p.tls.end = Tls::not_tls;
                  p.plain_http = "HTTP/1.1 400";
                }},
           Case{"client_certificate_required",
                [](Probe& p) {
                  p.tls = alert(40);
                  p.tls.asks_for_client_certificate = true;
                }},
       }) {
    Probe probe;
    probe.address = *SocketAddress::parse("192.0.2.1:443");
    probe.connect = Step::ok;
    plant(probe);
    const Diagnosis made = of(std::move(probe));
    EXPECT_THAT(ids(made.findings), ElementsAre(id));
    EXPECT_EQ(made.exit_code, code) << id;
    EXPECT_EQ(
        made.verdicts.front().strict.outlook,
        made.findings.front().id == FindingId::connect_no_route ? Outlook::accept : Outlook::refuse)
        << id;
  }
}

TEST_F(Diagnoses, EachAnswerBehindTheHandshakeHasItsName) {
  struct Case {
    const char* id;
    void (*plant)(Probe&);
  };
  using Http = HttpAnswer::End;
  using Stream = WebSocketAnswer::End;
  for (const auto& [id, plant] : {
           Case{"upgrade_refused", [](Probe& p) { p.http.status = 404; }},
           Case{"upgrade_unanswered", [](Probe& p) { p.http.end = Http::timed_out; }},
           Case{"upgrade_unanswered", [](Probe& p) { p.http.end = Http::closed; }},
           Case{"upgrade_invalid", [](Probe& p) { p.http.end = Http::not_http; }},
           Case{"upgrade_invalid", [](Probe& p) { p.websocket.end = Stream::bad_101; }},
           Case{"websocket_dead", [](Probe& p) { p.websocket.end = Stream::no_pong; }},
           Case{"websocket_dead", [](Probe& p) { p.websocket.end = Stream::flooded; }},
           Case{"websocket_dead", [](Probe& p) { p.websocket.end = Stream::not_frames; }},
           Case{"websocket_closed", [](Probe& p) { p.websocket.end = Stream::closed; }},
           Case{"websocket_closed", [](Probe& p) { p.websocket.end = Stream::reset; }},
           Case{"wrong_subprotocol", [](Probe& p) { p.websocket.subprotocol = "nobody"; }},
           Case{"client_certificate_required",
                [](Probe& p) {
                  p.http.end = Http::tls_alert;
                  p.tls.alert = 116;
                  p.tls.asks_for_client_certificate = true;
                }},
           Case{"split_hello_fails", [](Probe& p) { p.only_small_hello_passes = true; }},
           Case{"tls_outdated", [](Probe& p) { p.only_outdated_passes = true; }},
           Case{"no_secure_renegotiation",
                [](Probe& p) { p.tls.lacks_secure_renegotiation = true; }},
       }) {
    Probe probe = good();
    plant(probe);
    const Diagnosis made = of(std::move(probe));
    EXPECT_THAT(ids(made.findings), ElementsAre(id));
    EXPECT_EQ(made.exit_code, ExitCode::broken) << id;
  }
}

TEST_F(Diagnoses, WarningsHaveAnExitCodeOfTheirOwn) {
  Probe probe = good();
  probe.made_up_name = handshake({&leaf_});
  const Diagnosis made = of(std::move(probe));
  EXPECT_THAT(ids(made.findings), ElementsAre("default_certificate"));
  EXPECT_EQ(made.exit_code, ExitCode::warnings);
}

TEST_F(Diagnoses, AdviceIsNoFault) {
  Probe probe = good();
  probe.hsts.reset();
  const Diagnosis made = of(std::move(probe));
  EXPECT_THAT(ids(made.findings), ElementsAre("hsts_absent"));
  EXPECT_EQ(made.exit_code, ExitCode::good);
  EXPECT_THAT(made.sentence, StartsWith("Nothing is wrong; "));
}

TEST_F(Diagnoses, HstsIsAdvisedOnlyWhereAllElseIsRight) {
  Probe probe = good();
  probe.hsts.reset();
  probe.http.status = 404;
  EXPECT_THAT(ids(of(std::move(probe)).findings), ElementsAre("upgrade_refused"));
}

TEST_F(Diagnoses, HstsTakesAnAgeAboveNought) {
  for (const char* value : {"max-age=0", "includeSubDomains", "max-age", "max-age=\"\"",
                            "max-age=-1", "x-max-age=1", ""}) {
    Probe probe = good();
    probe.hsts = value;
    EXPECT_THAT(ids(of(std::move(probe)).findings), ElementsAre("hsts_absent")) << value;
  }
  for (const char* value : {"max-age=1", "includeSubDomains ; Max-Age = \"010\"; preload"}) {
    Probe probe = good();
    probe.hsts = value;
    EXPECT_THAT(of(std::move(probe)).findings, IsEmpty()) << value;
  }
}

TEST_F(Diagnoses, WhereHstsIsSetNobodyCanHaveClickedThrough) {
  Clinic elsewhere;
  EXPECT_THAT(ids(elsewhere.diagnose(probes_of(good())).findings),
              ElementsAre("chain_invalid", "hsts_forbids_override"));
}

TEST_F(Diagnoses, TheDefaultSiteIsNamedAsTheCause) {
  CertificateOptions options = good_options();
  options.names = {"default.test"};
  const TestCertificate other = clinic_.leaf(options);
  Probe probe = clinic_.probe(other, "192.0.2.1:443");
  probe.made_up_name = handshake({&other});
  EXPECT_THAT(of(std::move(probe)).sentence, HasSubstr("it is the default site's"));
}

TEST_F(Diagnoses, TheSameFaultAtSeveralAddressesIsOneFinding) {
  Probe one = good("192.0.2.1:443");
  Probe two = good("192.0.2.2:443");
  one.http.status = 404;
  two.http.status = 404;
  const Diagnosis made = clinic_.diagnose(probes_of(std::move(one), std::move(two)));
  ASSERT_THAT(ids(made.findings), ElementsAre("upgrade_refused"));
  EXPECT_THAT(made.findings.front().addresses, ElementsAre(0U, 1U));
  EXPECT_THAT(made.differences, IsEmpty());
}

TEST_F(Diagnoses, NodesOutOfStepAreToldApart) {
  CertificateOptions options = good_options();
  options.not_after = day(2026, 1, 20);
  const TestCertificate old = clinic_.leaf(options);
  const Diagnosis made = clinic_.diagnose(
      probes_of(good("192.0.2.1:443"), good("192.0.2.2:443"), clinic_.probe(old, "192.0.2.3:443")));
  EXPECT_THAT(ids(made.findings),
              ElementsAre("expired", "addresses_differ", "hsts_forbids_override"));
  EXPECT_THAT(made.findings[1].addresses, ElementsAre(2U));
  ASSERT_EQ(made.differences.size(), 1U);
  EXPECT_EQ(made.differences[0].what, "certificate");
  EXPECT_THAT(made.differences[0].groups[0].addresses, ElementsAre(0U, 1U));
  EXPECT_THAT(made.sentence, StartsWith("At 192.0.2.3:443, 'chat.test' expired at 2026-01-20"));
}

TEST_F(Diagnoses, AnAddressWithoutARouteIsNotJudged) {
  Probe unreachable;
  unreachable.address = *SocketAddress::parse("[2001:db8::1]:443");
  unreachable.connect = Step::no_route;
  const Diagnosis made = clinic_.diagnose(probes_of(good(), std::move(unreachable)));
  EXPECT_THAT(ids(made.findings), ElementsAre("connect_no_route"));
  EXPECT_EQ(made.exit_code, ExitCode::good);
  EXPECT_THAT(made.differences, IsEmpty());
}

TEST_F(Diagnoses, WhatKeepsClientsOutComesFirst) {
  CertificateOptions options = good_options();
  options.names = {"other.test"};
  options.not_after = day(2026, 1, 20);
  const TestCertificate bad = clinic_.leaf(options);
  Probe probe = clinic_.probe(bad, "192.0.2.1:443");
  probe.http.status = 502;
  probe.made_up_name = handshake({&bad});
  EXPECT_THAT(ids(of(std::move(probe)).findings),
              ElementsAre("name_not_covered", "expired", "upgrade_refused", "default_certificate",
                          "hsts_forbids_override"));
}

TEST_F(Diagnoses, PlaintextIsWarnedOf) {
  Request request;
  request.url = "ws://chat.test/";
  Probe probe;
  probe.address = *SocketAddress::parse("192.0.2.1:80");
  probe.connect = Step::ok;
  probe.http.end = HttpAnswer::End::answered;
  probe.http.status = 101;
  probe.websocket.end = WebSocketAnswer::End::alive;
  const Diagnosis made = clinic_.diagnose(probes_of(std::move(probe)), *make_target(request));
  EXPECT_THAT(ids(made.findings), ElementsAre("plaintext_url"));
  EXPECT_EQ(made.exit_code, ExitCode::warnings);
}

TEST_F(Diagnoses, ASubprotocolThatWasOfferedIsRight) {
  Target target = chat_target();
  target.subprotocols = {"a", "b"};
  Probe probe = good();
  probe.websocket.subprotocol = "b";
  EXPECT_THAT(clinic_.diagnose(probes_of(std::move(probe)), target).findings, IsEmpty());
  EXPECT_THAT(ids(clinic_.diagnose(probes_of(good()), target).findings),
              ElementsAre("wrong_subprotocol"));
}

TEST_F(Diagnoses, AGetIsJudgedByItsStatus) {
  Request request;
  request.url = "https://chat.test/";
  for (const auto& [status, code] : {std::pair(200, ExitCode::good),
                                     {302, ExitCode::good},
                                     {404, ExitCode::warnings},
                                     {502, ExitCode::broken}}) {
    Probe probe = good();
    probe.http.status = status;
    probe.websocket = {};
    EXPECT_EQ(clinic_.diagnose(probes_of(std::move(probe)), *make_target(request)).exit_code, code)
        << status;
  }
}

TEST(Unresolved, IsUnreachable) {
  const Diagnosis made = diagnose_unresolved(chat_target(), "no such \x1b name");
  EXPECT_EQ(made.exit_code, ExitCode::unreachable);
  EXPECT_EQ(made.sentence,
            "'chat.test' has no address: no such \\x1b name; add its A and AAAA records, or ask an "
            "address with --address");
}

TEST(FindingNames, AreThereAndDiffer) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kFindingCount; ++i) {
    names.insert(finding_name(static_cast<FindingId>(i)));
  }
  EXPECT_EQ(names.size(), kFindingCount);
  EXPECT_EQ(finding_name(FindingId::hsts_absent), "hsts_absent");
  EXPECT_EQ(finding_name(FindingId::addresses_differ), "addresses_differ");
  EXPECT_EQ(finding_name(FindingId::name_not_covered), "name_not_covered");
}

}  // namespace
}  // namespace wssgate::doctor
