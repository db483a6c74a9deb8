#include "pki/x509_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/test_ca.h"

namespace wssgate::pki {
namespace {

using test::CertificateOptions;
using test::TestCertificate;

TestCertificate with_access(const std::string& authority_info_access) {
  CertificateOptions options;
  options.names = {"chat.test"};
  options.authority_info_access = authority_info_access;
  return TestCertificate::self_signed(options);
}

TEST(OcspResponders, AreTheHttpUrlsAmongThem) {
  const auto certificate = with_access(
      "caIssuers;URI:http://ca.test/issuing.crt,OCSP;URI:http://ocsp.test/,"
      "OCSP;URI:ldap://ocsp.test,OCSP;email:ocsp@ca.test,OCSP;URI:https://ocsp.test/,"
      "OCSP;URI:HTTP://second.test:8080/ocsp");
  EXPECT_THAT(ocsp_responders(certificate.certificate()),
              testing::ElementsAre("http://ocsp.test/", "HTTP://second.test:8080/ocsp"));
}

TEST(OcspResponders, WithHttpsAreToldApart) {
  const auto http = with_access("OCSP;URI:http://ocsp.test/,caIssuers;URI:https://ca.test/x.crt");
  EXPECT_FALSE(has_https_responder(http.certificate()));
  EXPECT_TRUE(has_https_responder(with_access("OCSP;URI:https://ocsp.test/").certificate()));
}

TEST(OcspResponders, AreNoneWithoutTheExtension) {
  EXPECT_THAT(ocsp_responders(with_access("").certificate()), testing::IsEmpty());
}

TEST(OcspResponders, HoldNothingThatWouldBreakARequestLine) {
  const auto certificate =
      with_access("OCSP;URI:http://ocsp.test/a b,OCSP;URI:http://ocsp.test/\r\nX: y");
  EXPECT_THAT(ocsp_responders(certificate.certificate()), testing::IsEmpty());
}

}  // namespace
}  // namespace wssgate::pki
