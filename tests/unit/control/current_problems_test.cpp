#include "control/current_problems.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/test_ca.h"

namespace wssgate::control {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;
using Level = CurrentProblem::Level;
constexpr auto kDay = 24h;
const std::chrono::system_clock::time_point kNow{1'000'000h};

pki::Certificate ending_in(std::chrono::hours left, std::chrono::hours life = 90 * kDay) {
  pki::Certificate certificate;
  certificate.chain_file = "certs/a/fullchain.pem";
  certificate.not_after = kNow + left;
  certificate.not_before = certificate.not_after - life;
  return certificate;
}

/// The kind and the level of the one problem; "" where there is none.
std::string of(const CurrentProblems& problems) {
  if (problems.empty()) return "";
  EXPECT_EQ(problems.size(), 1);
  EXPECT_FALSE(problems.front().message.empty());
  EXPECT_FALSE(problems.front().hint.empty()) << "it does not say what to do";
  return std::string(problems.front().kind) +
         (problems.front().level == Level::alarm ? " alarm" : " warning");
}

std::string judged(const pki::Certificate& certificate) {
  CurrentProblems problems;
  judge_certificate(certificate, kNow, problems);
  return of(problems);
}

TEST(CurrentProblems, ACertificateThatEnds) {
  EXPECT_EQ(judged(ending_in(15 * kDay)), "");
  EXPECT_EQ(judged(ending_in(13 * kDay)), "certificate_expiring warning");
  EXPECT_EQ(judged(ending_in(2 * kDay)), "certificate_expiring alarm");
  EXPECT_EQ(judged(ending_in(-1h)), "certificate_expired alarm");
}

TEST(CurrentProblems, ACertificateOfAWeekIsNotWarnedOfAllItsLife) {
  EXPECT_EQ(judged(ending_in(4 * kDay, 6 * kDay)), "");
  EXPECT_EQ(judged(ending_in(47h, 6 * kDay)), "certificate_expiring warning");
  EXPECT_EQ(judged(ending_in(10h, 6 * kDay)), "certificate_expiring alarm");
}

TEST(CurrentProblems, ACertificateWithoutAnEnd) {
  pki::Certificate forever;
  forever.not_before = std::chrono::system_clock::time_point::min();
  forever.not_after = std::chrono::system_clock::time_point::max();
  EXPECT_EQ(judged(forever), "");
}

TEST(CurrentProblems, AnIntermediateThatEndsBeforeTheCertificate) {
  const auto with_intermediate_ending_in = [](std::chrono::hours left) {
    test::CertificateOptions options;
    options.common_name = "Short CA";
    options.is_ca = true;
    options.not_before = kNow - 365 * kDay;
    options.not_after = kNow + left;
    const auto intermediate = test::TestCertificate::self_signed(options);
    pki::Certificate certificate = ending_in(80 * kDay);
    X509_up_ref(intermediate.certificate());
    certificate.intermediates.emplace_back(intermediate.certificate());
    return certificate;
  };
  EXPECT_EQ(judged(with_intermediate_ending_in(20 * kDay)), "");
  EXPECT_EQ(judged(with_intermediate_ending_in(5 * kDay)), "intermediate_expiring warning");
  EXPECT_EQ(judged(with_intermediate_ending_in(-1h)), "intermediate_expired alarm");
}

TEST(CurrentProblems, AStaple) {
  StapleStatus staple;
  staple.chain_file = "certs/a/fullchain.pem";
  const auto judge = [&](StapleState state, bool required) {
    staple.state = state;
    CurrentProblems problems;
    judge_staple(staple, required, problems);
    return of(problems);
  };
  EXPECT_EQ(judge(StapleState::none, false), "");
  EXPECT_EQ(judge(StapleState::pending, true), "");
  EXPECT_EQ(judge(StapleState::good, true), "");
  EXPECT_EQ(judge(StapleState::failing, false), "staple_failing warning");
  EXPECT_EQ(judge(StapleState::failing, true), "staple_failing alarm");
  staple.good_until = kNow;
  EXPECT_EQ(judge(StapleState::failing, true), "staple_failing warning");
  EXPECT_EQ(judge(StapleState::revoked, false), "certificate_revoked alarm");
}

TEST(CurrentProblems, OneEndpointThatIsDownAndAllOfThem) {
  const auto endpoint = [](const std::string& at) {
    return std::make_shared<upstream::Endpoint>(*SocketAddress::parse(at), at);
  };
  const auto first = endpoint("127.0.0.1:3000");
  const auto second = endpoint("127.0.0.1:3001");
  const upstream::Upstream app("app", {{.endpoint = first}, {.endpoint = second}}, {},
                               std::make_shared<upstream::Queue>());
  const upstream::Health::TimePoint now{1h};
  const auto judge = [&] {
    CurrentProblems problems;
    judge_upstream(app, now, problems);
    return of(problems);
  };
  EXPECT_EQ(judge(), "");
  for (int i = 0; i < 3; ++i) first->health.failed(now, {});
  EXPECT_EQ(judge(), "endpoint_down warning");
  for (int i = 0; i < 3; ++i) second->health.failed(now, {});
  EXPECT_EQ(judge(), "upstream_down alarm");
}

TEST(CurrentProblems, WhatAReloadRefusedWithItsPlace) {
  Reload reload;
  reload.refused.push_back({.at = {.file = "a.yaml", .line = 3, .column = 7},
                            .message = "no such key",
                            .hint = "do so"});
  CurrentProblems problems;
  judge_reload(reload, {}, problems);
  EXPECT_EQ(of(problems), "configuration_refused alarm");
  EXPECT_EQ(problems.front().message, "a.yaml:3:7: no such key");

  Reload warned;
  warned.warnings.push_back({.at = {.file = "a.pem"},
                             .message = "'a' expires at 2030-01-01T00:00:00Z, in 9 days",
                             .hint = "renew it",
                             .severity = Severity::warning,
                             .kind = Problem::Kind::member_expiring});
  CurrentProblems none;
  judge_reload(warned, {"a.pem"}, none);
  EXPECT_EQ(of(none), "") << "the clock tells of it, and days that are left grow fewer";
  CurrentProblems of_something_else;
  judge_reload(warned, {"b.pem"}, of_something_else);
  EXPECT_EQ(of(of_something_else), "configuration_warning warning");
}

TEST(CurrentProblems, WarningsAreToldOnce) {
  Reload warned;
  for (const auto kind : {Problem::Kind::unverified_upstream, Problem::Kind::other}) {
    warned.warnings.push_back({.at = {.file = "a.yaml", .line = 1, .column = 1},
                               .message = "the upstream 'a' is NOT VERIFIED",
                               .hint = "name its CA",
                               .severity = Severity::warning,
                               .kind = kind});
  }
  CurrentProblems problems;
  judge_reload(warned, {}, problems);
  EXPECT_EQ(of(problems), "configuration_warning warning") << "each upstream is told of by itself";
}

TEST(CurrentProblems, WhatIsShort) {
  const auto judge = [](const ProcessFacts& facts, std::uint64_t connections, std::uint64_t most) {
    CurrentProblems problems;
    judge_limits(facts, connections, most, problems);
    return of(problems);
  };
  EXPECT_EQ(judge({.open_descriptors = 89, .most_descriptors = 100}, 89, 100), "");
  EXPECT_EQ(judge({.open_descriptors = 90, .most_descriptors = 100}, 0, 100),
            "descriptors_short alarm");
  EXPECT_EQ(judge({}, 90, 100), "connections_near_limit alarm");
}

}  // namespace
}  // namespace wssgate::control
