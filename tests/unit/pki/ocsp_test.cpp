#include "pki/ocsp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pki/x509_facts.h"
#include "support/ocsp_responses.h"
#include "support/test_ca.h"

namespace wssgate::pki {
namespace {

using namespace std::chrono_literals;
using test::day;
using test::ocsp_response;
using test::OcspAnswer;
using test::TestCertificate;

struct Ocsp : testing::Test {
  test::TestCa ca;
  TestCertificate leaf = ca.intermediate.leaf({"a.test"});
  std::shared_ptr<const Certificate> certificate = test::loaded(leaf, ca.intermediate);

  OcspVerdict judge(const std::string& der, TimePoint now = day(2026, 6, 1)) const {
    return judge_ocsp_response(der, *certificate, now);
  }
  OcspVerdict judge(const OcspAnswer& answer, TimePoint now = day(2026, 6, 1)) const {
    return judge(ocsp_response(leaf, ca.intermediate, answer), now);
  }
  void expect_unusable(const OcspVerdict& verdict, const std::string& why) const {
    EXPECT_EQ(verdict.status, OcspStatus::unusable) << why;
    EXPECT_EQ(verdict.why, why);
    EXPECT_FALSE(verdict.staple);
  }
};

const std::string kWrongSigner =
    "its signature is neither by 'Test Intermediate' nor by a responder that 'Test Intermediate' "
    "certified for OCSP signing ";

TEST_F(Ocsp, GoodMakesAStaple) {
  const std::string der = ocsp_response(leaf, ca.intermediate);
  const OcspVerdict verdict = judge(der);
  EXPECT_EQ(verdict.status, OcspStatus::good);
  EXPECT_EQ(verdict.why, "");
  ASSERT_TRUE(verdict.staple);
  EXPECT_EQ(verdict.staple->der, der);
  EXPECT_EQ(verdict.staple->this_update, day(2026, 5, 30));
  EXPECT_EQ(verdict.staple->next_update, day(2026, 6, 6));
}

TEST_F(Ocsp, TheCertificatesIdMayBeByAnyHash) {
  for (const EVP_MD* hash : {EVP_sha1(), EVP_sha256(), EVP_sha384()}) {
    OcspAnswer answer;
    answer.hash = hash;
    EXPECT_EQ(judge(answer).status, OcspStatus::good) << EVP_MD_get0_name(hash);
  }
}

TEST_F(Ocsp, RevokedTellsWhenAndWhy) {
  OcspAnswer answer;
  answer.status = V_OCSP_CERTSTATUS_REVOKED;
  OcspVerdict verdict = judge(answer);
  EXPECT_EQ(verdict.status, OcspStatus::revoked);
  EXPECT_EQ(verdict.why, "the CA revoked the certificate at 2026-05-01T00:00:00Z: keyCompromise");
  EXPECT_FALSE(verdict.staple);
  EXPECT_EQ(verdict.next_update, day(2026, 6, 6));
  answer.reason = OCSP_REVOKED_STATUS_NOSTATUS;
  verdict = judge(answer);
  EXPECT_EQ(verdict.why,
            "the CA revoked the certificate at 2026-05-01T00:00:00Z: the CA gives no reason");
}

TEST_F(Ocsp, UnknownIsNoAnswer) {
  OcspAnswer answer;
  answer.status = V_OCSP_CERTSTATUS_UNKNOWN;
  expect_unusable(judge(answer),
                  "the CA's responder does not know the certificate (status unknown)");
}

TEST_F(Ocsp, HoldsFromThisUpdateToNextUpdate) {
  const TimePoint begin = day(2026, 5, 30);
  const TimePoint end = day(2026, 6, 6);
  EXPECT_EQ(judge(OcspAnswer{}, begin).status, OcspStatus::good);
  EXPECT_EQ(judge(OcspAnswer{}, begin - 5min).status, OcspStatus::good);
  EXPECT_EQ(judge(OcspAnswer{}, end - 1s).status, OcspStatus::good);
  expect_unusable(judge(OcspAnswer{}, begin - 5min - 1s),
                  "it is not valid before 2026-05-30T00:00:00Z; check this machine's clock");
  expect_unusable(judge(OcspAnswer{}, end), "it expired at 2026-06-06T00:00:00Z");
}

TEST_F(Ocsp, RevokedHoldsNoLongerThanGood) {
  OcspAnswer answer;
  answer.status = V_OCSP_CERTSTATUS_REVOKED;
  expect_unusable(judge(answer, day(2026, 6, 6)), "it expired at 2026-06-06T00:00:00Z");
}

TEST_F(Ocsp, NeedsAnEnd) {
  OcspAnswer answer;
  answer.next_update = std::nullopt;
  expect_unusable(judge(answer),
                  "it does not say when it ends (no nextUpdate), so that nobody sees it go stale");
}

TEST_F(Ocsp, DoesNotEndBeforeItBegins) {
  OcspAnswer answer;
  answer.next_update = day(2026, 5, 29);
  expect_unusable(judge(answer, day(2026, 5, 28)),
                  "it ends at 2026-05-29T00:00:00Z, before it begins, at 2026-05-30T00:00:00Z");
}

TEST_F(Ocsp, IsForThisCertificate) {
  const auto other = ca.intermediate.leaf({"b.test"});
  expect_unusable(judge(ocsp_response(other, ca.intermediate)),
                  "it is about another certificate, not this one");
}

TEST_F(Ocsp, TheWorstOfSeveralAnswersCounts) {
  const OcspAnswer good;
  OcspAnswer by_sha256;
  by_sha256.hash = EVP_sha256();
  OcspAnswer shorter = by_sha256;
  shorter.next_update = day(2026, 6, 3);
  OcspAnswer revoked = by_sha256;
  revoked.status = V_OCSP_CERTSTATUS_REVOKED;
  OcspAnswer unknown = by_sha256;
  unknown.status = V_OCSP_CERTSTATUS_UNKNOWN;
  const auto judge_all = [&](const std::vector<OcspAnswer>& answers) {
    return judge(ocsp_response(leaf, ca.intermediate, answers));
  };
  EXPECT_EQ(judge_all({good, by_sha256}).status, OcspStatus::good);
  EXPECT_EQ(judge_all({good, shorter}).next_update, day(2026, 6, 3));
  EXPECT_EQ(judge_all({shorter, good}).next_update, day(2026, 6, 3));
  EXPECT_EQ(judge_all({good, revoked}).status, OcspStatus::revoked);
  EXPECT_EQ(judge_all({revoked, good}).status, OcspStatus::revoked);
  EXPECT_EQ(judge_all({unknown, good}).status, OcspStatus::unusable);
  EXPECT_EQ(judge_all({good, unknown}).status, OcspStatus::unusable);
}

TEST_F(Ocsp, AResponderOfTheIssuerMaySign) {
  const auto responder = test::ocsp_responder(ca.intermediate);
  OcspAnswer answer;
  answer.responder = &responder;
  const OcspVerdict verdict = judge(answer);
  EXPECT_EQ(verdict.status, OcspStatus::good) << verdict.why;
}

TEST_F(Ocsp, NobodyElseMaySign) {
  const auto below = ca.intermediate.intermediate("Test Sub");
  const auto other_root = TestCertificate::root("Other Root");
  test::CertificateOptions expired;
  expired.common_name = "Expired Responder";
  expired.extended_key_usage = "OCSPSigning";
  expired.not_after = day(2026, 5, 31);
  test::CertificateOptions namesake;
  namesake.common_name = "Test Intermediate";
  const auto expect_refused = [&](const char* who, const TestCertificate& responder) {
    OcspAnswer answer;
    answer.responder = &responder;
    const OcspVerdict verdict = judge(answer);
    EXPECT_EQ(verdict.status, OcspStatus::unusable) << who;
    EXPECT_THAT(verdict.why, testing::StartsWith(kWrongSigner)) << who;
  };
  for (const char* use : {"serverAuth", "anyExtendedKeyUsage", ""}) {
    expect_refused(use, test::ocsp_responder(ca.intermediate, use));
  }
  expect_refused("of the issuer's issuer", test::ocsp_responder(ca.root));
  expect_refused("the issuer's issuer", ca.root);
  expect_refused("of a CA below the issuer", test::ocsp_responder(below));
  expect_refused("of a stranger", test::ocsp_responder(other_root));
  expect_refused("a stranger", other_root);
  expect_refused("a stranger of the issuer's name", TestCertificate::self_signed(namesake));
  expect_refused("the certificate itself", leaf);
  expect_refused("expired", ca.intermediate.issue(expired));
}

TEST_F(Ocsp, EveryChangedByteOfWhatIsSignedShows) {
  const std::string der = ocsp_response(leaf, ca.intermediate);
  for (std::size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 0x20);
    EXPECT_NE(judge(changed).status, OcspStatus::good) << i;
    EXPECT_NE(judge(changed).status, OcspStatus::revoked) << i;
  }
}

TEST_F(Ocsp, IsWhole) {
  const std::string der = ocsp_response(leaf, ca.intermediate);
  for (std::size_t size = 1; size < der.size(); ++size) {
    expect_unusable(judge(der.substr(0, size)), "it is no OCSP response: its DER does not decode");
  }
  expect_unusable(judge(der + "x"), "it is no OCSP response: its DER does not decode");
  expect_unusable(judge(""), "it is empty");
  expect_unusable(judge("<html>It works!</html>"),
                  "it is no OCSP response: its DER does not decode");
  expect_unusable(judge(std::string(kLargestOcspResponse + 1, '0')), "it is larger than 64 KiB");
}

TEST_F(Ocsp, ARefusalIsTold) {
  expect_unusable(judge(test::ocsp_refusal(OCSP_RESPONSE_STATUS_TRYLATER)),
                  "the responder refused the request with 'trylater'");
  expect_unusable(judge(test::ocsp_refusal(OCSP_RESPONSE_STATUS_UNAUTHORIZED)),
                  "the responder refused the request with 'unauthorized'");
}

TEST_F(Ocsp, ASuccessWithoutAnAnswerIsNone) {
  expect_unusable(judge(test::ocsp_refusal(OCSP_RESPONSE_STATUS_SUCCESSFUL)),
                  "it is of no kind that clients know (not a basic response)");
}

TEST_F(Ocsp, NobodyVouchesForASelfSignedCertificate) {
  auto alone = test::loaded(ca.root, ca.root);
  alone->issuer = nullptr;
  EXPECT_EQ(ocsp_request(*alone), "");
  expect_unusable(judge_ocsp_response("x", *alone, day(2026, 6, 1)),
                  "the certificate is self-signed, nobody vouches for it");
}

TEST_F(Ocsp, TheRequestNamesTheCertificate) {
  const std::string der = ocsp_request(*certificate);
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<OCSP_REQUEST, OpensslDeleter<OCSP_REQUEST_free>> request(
      d2i_OCSP_REQUEST(nullptr, &data, static_cast<long>(der.size())));
  ASSERT_TRUE(request);
  ASSERT_EQ(OCSP_request_onereq_count(request.get()), 1);
  const std::unique_ptr<OCSP_CERTID, OpensslDeleter<OCSP_CERTID_free>> expected(
      OCSP_cert_to_id(EVP_sha1(), leaf.certificate(), ca.intermediate.certificate()));
  OCSP_CERTID* asked = OCSP_onereq_get0_id(OCSP_request_onereq_get0(request.get(), 0));
  EXPECT_EQ(OCSP_id_cmp(asked, expected.get()), 0);
  EXPECT_EQ(OCSP_REQUEST_get_ext_count(request.get()), 0) << "a nonce";
}

}  // namespace
}  // namespace wssgate::pki
