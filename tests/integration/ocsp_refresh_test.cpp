// Staples over time: renewed, lost and found again, revoked and released; and over reloads.

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "control/ocsp_stapler.h"
#include "support/eventually.h"
#include "support/http_text.h"
#include "support/ocsp_responder.h"

namespace wssgate {
namespace {

using namespace std::chrono_literals;
using control::OcspStapler;
using control::StapleState;
using test::eventually;
using test::RawClient;
using test::ScriptedResponder;
using test::StapledCertificate;

struct OcspRefresh : testing::Test {
  ScriptedResponder responder;
  StapledCertificate certificate{{responder.url()}};
  std::atomic<int> changes{0};
  OcspStapler stapler{{.cache_folder = {}, .fetch = {}, .retry = {.first = 20ms, .most = 50ms}},
                      [this] { ++changes; }};

  std::vector<control::StapleWish> wishes() const {
    return {{certificate.certificate, certificate.slot, true}};
  }
  control::StapleStatus status() const { return stapler.status().at(0); }
  bool becomes(StapleState state) const {
    return eventually([&] { return status().state == state; });
  }
  std::string revoked() const {
    auto answer = StapledCertificate::lasting(1h);
    answer.status = V_OCSP_CERTSTATUS_REVOKED;
    answer.reason = OCSP_REVOKED_STATUS_CERTIFICATEHOLD;
    return certificate.response(answer);
  }
};

TEST_F(OcspRefresh, ComesByItself) {
  // Each answer lasts four seconds from when it is asked for.
  responder.does([this](RawClient& client, int) {
    client.read_message();
    client.write(test::ok(certificate.response(StapledCertificate::lasting(4s))));
  });
  stapler.adopt(wishes());
  std::shared_ptr<const pki::Staple> first;
  ASSERT_TRUE(eventually([&] { return (first = certificate.staple()) != nullptr; }));
  EXPECT_TRUE(eventually([&] {
    const auto now = certificate.staple();
    return now && now->next_update > first->next_update;
  }));
}

TEST_F(OcspRefresh, RecoversByItself) {
  responder.answers(test::ocsp_refusal(OCSP_RESPONSE_STATUS_TRYLATER));
  stapler.adopt(wishes());
  ASSERT_TRUE(stapler.await_first_attempts(10s));
  EXPECT_EQ(status().state, StapleState::failing);
  EXPECT_EQ(changes, 0);
  responder.answers(certificate.response());
  ASSERT_TRUE(becomes(StapleState::good));
  EXPECT_EQ(status().why, "");
  EXPECT_FALSE(status().since);
  EXPECT_TRUE(eventually([&] { return changes == 1; }));
}

TEST_F(OcspRefresh, AGoodStapleStaysWhileRenewalFails) {
  responder.answers(certificate.response(StapledCertificate::lasting(3s)));
  stapler.adopt(wishes());
  ASSERT_TRUE(stapler.await_first_attempts(10s));
  responder.answers(test::ocsp_refusal(OCSP_RESPONSE_STATUS_TRYLATER));
  ASSERT_TRUE(
      eventually([&] { return status().state == StapleState::failing || !certificate.staple(); }));
  ASSERT_TRUE(becomes(StapleState::failing));
  EXPECT_TRUE(eventually([&] { return !certificate.staple(); })) << "but not beyond its end";
}

TEST_F(OcspRefresh, RevokedIsAChangeAndIsAskedAboutAgain) {
  responder.answers(revoked());
  stapler.adopt(wishes());
  ASSERT_TRUE(stapler.await_first_attempts(10s));
  EXPECT_EQ(status().state, StapleState::revoked);
  EXPECT_TRUE(certificate.slot->revoked());
  EXPECT_TRUE(eventually([&] { return changes == 1 && responder.connections() > 2; }));
  responder.answers(certificate.response());
  ASSERT_TRUE(becomes(StapleState::good)) << "the CA had put it on hold";
  EXPECT_FALSE(certificate.slot->revoked());
  EXPECT_TRUE(eventually([&] { return changes == 2; }));
}

TEST_F(OcspRefresh, RevokedIsShouted) {
  testing::internal::CaptureStderr();
  responder.answers(revoked());
  stapler.adopt(wishes());
  EXPECT_TRUE(stapler.await_first_attempts(10s));
  stapler.adopt({});
  const std::string log = testing::internal::GetCapturedStderr();
  for (const std::string& part :
       {std::string("error certificate_revoked: THE CA HAS REVOKED"), std::string("name=a.test"),
        "fingerprint=" + certificate.certificate->fingerprint,
        std::string("at 2026-05-01T00:00:00Z: certificateHold"), responder.url()}) {
    EXPECT_NE(log.find(part), std::string::npos) << part << " is not in " << log;
  }
}

TEST_F(OcspRefresh, AFailureIsToldOnceUntilItChanges) {
  testing::internal::CaptureStderr();
  responder.answers(test::ocsp_refusal(OCSP_RESPONSE_STATUS_TRYLATER));
  stapler.adopt(wishes());
  EXPECT_TRUE(eventually([&] { return responder.connections() > 3; }));
  responder.answers(test::ocsp_refusal(OCSP_RESPONSE_STATUS_UNAUTHORIZED));
  EXPECT_TRUE(eventually([&] { return status().why.find("unauthorized") != std::string::npos; }));
  responder.answers(certificate.response());
  EXPECT_TRUE(becomes(StapleState::good));
  const std::string log = testing::internal::GetCapturedStderr();
  const auto count = [&](const std::string& text) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = log.find(text, at)) != std::string::npos; ++at) ++found;
    return found;
  };
  EXPECT_EQ(count("ocsp_failed: "), 2U) << log;
  EXPECT_EQ(count("ocsp_recovered: "), 1U) << log;
}

TEST_F(OcspRefresh, AnErrorAfterRevokedDoesNotTakeItBack) {
  responder.answers(revoked());
  stapler.adopt(wishes());
  ASSERT_TRUE(stapler.await_first_attempts(10s));
  responder.answers(test::ocsp_refusal(OCSP_RESPONSE_STATUS_TRYLATER));
  EXPECT_TRUE(eventually([&] { return status().why.find("trylater") != std::string::npos; }));
  EXPECT_EQ(status().state, StapleState::revoked);
  EXPECT_TRUE(certificate.slot->revoked());
}

TEST_F(OcspRefresh, AReloadAsksNobodyAgain) {
  responder.answers(certificate.response());
  stapler.adopt(wishes());
  ASSERT_TRUE(stapler.await_first_attempts(10s));
  const auto staple = certificate.staple();
  const auto due = status().next_attempt;
  stapler.adopt(wishes());
  EXPECT_EQ(certificate.staple(), staple);
  EXPECT_EQ(status().next_attempt, due);
  EXPECT_EQ(responder.connections(), 1);
}

TEST_F(OcspRefresh, AsksOnceForSeveralHosts) {
  responder.answers(certificate.response());
  stapler.adopt({{certificate.certificate, certificate.slot, false},
                 {certificate.certificate, certificate.slot, true}});
  ASSERT_TRUE(stapler.await_first_attempts(10s));
  EXPECT_TRUE(certificate.staple());
  EXPECT_EQ(stapler.status().size(), 1U);
  EXPECT_EQ(responder.connections(), 1);
}

TEST_F(OcspRefresh, WithoutAResponderIsQuiet) {
  const StapledCertificate plain{std::vector<std::string>{}};
  stapler.adopt({{plain.certificate, plain.slot, true}});
  EXPECT_TRUE(stapler.await_first_attempts(0ms)) << "there is nothing to wait for";
  const auto found = status();
  EXPECT_EQ(found.state, StapleState::none);
  EXPECT_EQ(found.why, "");
  EXPECT_FALSE(found.next_attempt);
}

TEST_F(OcspRefresh, AStapleFileServesAtOnce) {
  const StapledCertificate plain{std::vector<std::string>{}};
  const std::string der = plain.response();
  const auto verdict =
      pki::judge_ocsp_response(der, *plain.certificate, std::chrono::system_clock::now());
  ASSERT_TRUE(verdict.staple) << verdict.why;
  plain.certificate->file_staple = verdict.staple;
  stapler.adopt({{plain.certificate, plain.slot, true}});
  EXPECT_EQ(plain.staple(), verdict.staple);
  EXPECT_EQ(status().state, StapleState::good);
  EXPECT_EQ(changes, 0);
}

TEST_F(OcspRefresh, AStapleFileDoesNotOutweighTheCa) {
  responder.answers(revoked());
  stapler.adopt(wishes());
  ASSERT_TRUE(stapler.await_first_attempts(10s));
  const std::string der = certificate.response();
  certificate.certificate->file_staple =
      pki::judge_ocsp_response(der, *certificate.certificate, std::chrono::system_clock::now())
          .staple;
  stapler.adopt(wishes());
  EXPECT_TRUE(certificate.slot->revoked());
  EXPECT_FALSE(certificate.staple());
}

TEST(OcspProxy, IsAskedWithTheWholeUrl) {
  test::Journal journal;
  ScriptedResponder proxy;
  StapledCertificate certificate({"http://ocsp.example:8888/a/b?c=d"});
  proxy.does([&](RawClient& client, int) {
    journal.add(client.read_message());
    client.write(test::ok(certificate.response()));
  });
  OcspStapler stapler({.cache_folder = {}, .fetch = {.http_proxy = proxy.endpoint()}}, nullptr);
  stapler.adopt({{certificate.certificate, certificate.slot, true}});
  ASSERT_TRUE(stapler.await_first_attempts(10s));
  EXPECT_TRUE(certificate.staple());
  const std::string request = journal.wait_for(1).front();
  EXPECT_EQ(test::start_line_of(request), "POST http://ocsp.example:8888/a/b?c=d HTTP/1.0");
  EXPECT_EQ(test::field_of(request, "host"), "ocsp.example:8888");
  EXPECT_EQ(test::field_of(request, "content-type"), "application/ocsp-request");
  EXPECT_EQ(test::body_of(request), pki::ocsp_request(*certificate.certificate));
}

TEST(OcspResponder, IsAskedByItsPath) {
  test::Journal journal;
  ScriptedResponder responder;
  StapledCertificate certificate({responder.url() + "a/b?c=d"});
  responder.does([&](RawClient& client, int) {
    journal.add(client.read_message());
    client.write(test::ok(certificate.response()));
  });
  OcspStapler stapler({}, nullptr);
  stapler.adopt({{certificate.certificate, certificate.slot, true}});
  ASSERT_TRUE(stapler.await_first_attempts(10s));
  EXPECT_TRUE(certificate.staple());
  const std::string request = journal.wait_for(1).front();
  EXPECT_EQ(test::start_line_of(request), "POST /a/b?c=d HTTP/1.0");
  EXPECT_EQ(test::field_of(request, "host"), responder.endpoint());
}

}  // namespace
}  // namespace wssgate
