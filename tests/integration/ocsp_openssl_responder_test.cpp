// The stapler against OpenSSL's own responder.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/ocsp_stapler.h"
#include "support/ocsp_responder.h"

namespace wssgate {
namespace {

using control::OcspStapler;
using control::StapleState;
using test::OpensslResponder;
using test::ScriptedResponder;
using test::StapledCertificate;
using test::TestCertificate;

/// What the stapler makes of the real responder's answer.
control::StapleStatus ask(StapledCertificate& certificate, ScriptedResponder& responder, char state,
                          const TestCertificate& issuer, const TestCertificate& signer) {
  const OpensslResponder openssl(certificate.leaf, state, issuer, signer);
  responder.does(openssl.relay());
  OcspStapler stapler({}, nullptr);
  stapler.adopt({{certificate.certificate, certificate.slot, true}});
  EXPECT_TRUE(stapler.await_first_attempts(std::chrono::seconds(10)));
  return stapler.status().at(0);
}

TEST(OcspOpensslResponder, SaysGood) {
  ScriptedResponder responder;
  StapledCertificate certificate({responder.url()});
  const auto& issuer = certificate.ca.intermediate;
  const auto status = ask(certificate, responder, 'V', issuer, issuer);
  EXPECT_EQ(status.state, StapleState::good) << status.why;
  ASSERT_TRUE(certificate.staple());
  EXPECT_EQ(status.good_until, certificate.staple()->next_update);
  EXPECT_EQ(status.this_update, certificate.staple()->this_update);
  EXPECT_TRUE(status.next_attempt);
}

TEST(OcspOpensslResponder, SaysGoodThroughADelegatedResponder) {
  ScriptedResponder responder;
  StapledCertificate certificate({responder.url()});
  const auto& issuer = certificate.ca.intermediate;
  const auto status =
      ask(certificate, responder, 'V', issuer, test::ocsp_responder(certificate.ca.intermediate));
  EXPECT_EQ(status.state, StapleState::good) << status.why;
}

TEST(OcspOpensslResponder, IsNotBelievedUnderAStrangersName) {
  ScriptedResponder responder;
  StapledCertificate certificate({responder.url()});
  const auto stranger = TestCertificate::root("Stranger");
  const auto status = ask(certificate, responder, 'V', certificate.ca.intermediate, stranger);
  EXPECT_EQ(status.state, StapleState::failing);
  EXPECT_NE(status.why.find("its signature is neither by 'Test Intermediate' nor by"),
            std::string::npos)
      << status.why;
  EXPECT_FALSE(certificate.staple());
}

TEST(OcspOpensslResponder, SaysRevoked) {
  ScriptedResponder responder;
  StapledCertificate certificate({responder.url()});
  const auto& issuer = certificate.ca.intermediate;
  const auto status = ask(certificate, responder, 'R', issuer, issuer);
  EXPECT_EQ(status.state, StapleState::revoked);
  EXPECT_EQ(status.why, "the CA revoked the certificate at 2026-05-01T00:00:00Z: keyCompromise");
  EXPECT_TRUE(certificate.slot->revoked());
  EXPECT_FALSE(certificate.staple());
}

TEST(OcspOpensslResponder, SaysUnknown) {
  ScriptedResponder responder;
  StapledCertificate certificate({responder.url()});
  const auto& issuer = certificate.ca.intermediate;
  const auto status = ask(certificate, responder, ' ', issuer, issuer);
  EXPECT_EQ(status.state, StapleState::failing);
  EXPECT_EQ(status.why, responder.url() +
                            ": the CA's responder does not know the certificate "
                            "(status unknown)");
  EXPECT_FALSE(certificate.staple());
}

// It answers for the certificates of another CA.
TEST(OcspOpensslResponder, IsTheWrongOne) {
  ScriptedResponder responder;
  StapledCertificate certificate({responder.url()});
  const auto other = TestCertificate::root("Other CA");
  const auto status = ask(certificate, responder, 'V', other, other);
  EXPECT_EQ(status.state, StapleState::failing);
  EXPECT_FALSE(certificate.staple());
}

}  // namespace
}  // namespace wssgate
