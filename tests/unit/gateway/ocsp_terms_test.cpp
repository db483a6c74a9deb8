#include "gateway/ocsp_terms.h"

#include <gtest/gtest.h>

#include <string>

#include "support/ocsp_responses.h"

namespace wssgate::gateway {
namespace {

using config::OcspMode;

struct OcspTerms : testing::Test {
  test::TestCa ca;

  std::shared_ptr<pki::Certificate> certificate(const std::string& authority_info_access,
                                                const std::string& tls_feature = "") const {
    test::CertificateOptions options;
    options.names = {"a.test"};
    options.authority_info_access = authority_info_access;
    options.tls_feature = tls_feature;
    auto made = test::loaded(ca.intermediate.issue(options), ca.intermediate);
    made->chain_file = "certs/a/fullchain.pem";
    return made;
  }

  static std::string told(const pki::Certificate& certificate, OcspMode mode) {
    Report report;
    judge_ocsp_mode(certificate, {mode, {"wssgate.yaml", 9, 11}}, report);
    return report.text();
  }
};

const std::string kResponder = "OCSP;URI:http://ocsp.test/";

TEST_F(OcspTerms, AutoAsksForNothing) {
  for (const char* access : {"", kResponder.c_str()}) {
    EXPECT_EQ(told(*certificate(access), OcspMode::automatic), "");
    EXPECT_EQ(told(*certificate(access), OcspMode::off), "");
    EXPECT_FALSE(needs_staple(*certificate(access), OcspMode::automatic));
  }
}

TEST_F(OcspTerms, RequiredNeedsASource) {
  EXPECT_EQ(told(*certificate(kResponder), OcspMode::required), "");
  EXPECT_TRUE(needs_staple(*certificate(kResponder), OcspMode::required));
  EXPECT_EQ(told(*certificate(""), OcspMode::required),
            "wssgate.yaml:9:11: ocsp is required, but the certificate certs/a/fullchain.pem names "
            "no OCSP responder, and there is no good staple file. write 'ocsp: auto': CAs without "
            "OCSP (Let's Encrypt since 2025) need no staple.\n");
  EXPECT_EQ(told(*certificate("OCSP;URI:https://ocsp.test/"), OcspMode::required),
            "wssgate.yaml:9:11: ocsp is required, but the certificate certs/a/fullchain.pem names "
            "an OCSP responder by https only, which is not asked, and there is no good staple "
            "file. write 'ocsp: auto': CAs without OCSP (Let's Encrypt since 2025) need no "
            "staple.\n");
  const auto with_file = certificate("");
  with_file->file_staple = std::make_shared<const pki::Staple>();
  EXPECT_EQ(told(*with_file, OcspMode::required), "");
}

TEST_F(OcspTerms, MustStapleCannotBeOff) {
  const auto must = certificate(kResponder, "status_request");
  EXPECT_EQ(told(*must, OcspMode::automatic), "");
  EXPECT_TRUE(needs_staple(*must, OcspMode::automatic));
  EXPECT_EQ(
      told(*must, OcspMode::off),
      "wssgate.yaml:9:11: ocsp is off, but the certificate certs/a/fullchain.pem must be "
      "stapled (TLS feature status_request). remove 'ocsp: off', or get a certificate without "
      "must-staple.\n");
}

}  // namespace
}  // namespace wssgate::gateway
