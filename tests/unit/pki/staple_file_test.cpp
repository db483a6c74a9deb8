#include "pki/staple_file.h"

#include <gtest/gtest.h>

#include <string>

#include "support/ocsp_responses.h"
#include "unit/pki/certificate_files.h"

namespace wssgate::pki {
namespace {

using test::day;
using test::OcspAnswer;

/// A certificate's folder with an ocsp.der in it.
struct StapleFile : testing::Test {
  StapleFile() {
    files.folder.write("roots.pem", files.ca.root.pem());
    files.folder.write("certs/fullchain.pem", files.ca.chain(leaf));
    files.folder.write("certs/privkey.pem", leaf.key_pem());
  }

  test::CertificateFiles files;
  test::TestCertificate leaf = files.ca.intermediate.leaf({"a.test"});

  std::shared_ptr<const Certificate> load() {
    const auto& trust = files.trust();
    const auto found =
        find_certificates({files.folder.path() + "/certs", {"wssgate.yaml", 3, 4}}, files.report);
    EXPECT_EQ(found.size(), 1U);
    return load_certificate(found.front(), trust, files.now, files.report).certificate;
  }
  std::shared_ptr<const Certificate> load(const std::string& response) {
    files.folder.write("certs/ocsp.der", response, 0644);
    return load();
  }
  void expect_warning(const std::string& response, const std::string& warning) {
    files.report = Report();
    const auto certificate = load(response);
    ASSERT_TRUE(certificate) << files.told();
    EXPECT_FALSE(certificate->file_staple);
    EXPECT_EQ(files.told(), "DIR/certs/ocsp.der: warning: not stapled: " + warning + "\n");
  }
};

const std::string kFresh =
    ". give a fresh OCSP response in DER, or remove the file: wssgate asks the CA by itself.";

TEST_F(StapleFile, GoesWithItsCertificate) {
  const std::string response = test::ocsp_response(leaf, files.ca.intermediate);
  const auto certificate = load(response);
  ASSERT_TRUE(certificate) << files.told();
  ASSERT_TRUE(certificate->file_staple);
  EXPECT_EQ(certificate->file_staple->der, response);
  EXPECT_EQ(files.told(), "");
}

TEST_F(StapleFile, NeedNotBeThere) {
  const auto certificate = load();
  ASSERT_TRUE(certificate);
  EXPECT_FALSE(certificate->file_staple);
  EXPECT_EQ(files.told(), "");
}

TEST_F(StapleFile, IsNotStapledWhenItIsNoGood) {
  OcspAnswer expired;
  expired.next_update = day(2026, 5, 31);
  expect_warning(test::ocsp_response(leaf, files.ca.intermediate, expired),
                 "it expired at 2026-05-31T00:00:00Z" + kFresh);
  const auto other = files.ca.intermediate.leaf({"b.test"});
  expect_warning(test::ocsp_response(other, files.ca.intermediate),
                 "it is about another certificate, not this one" + kFresh);
  expect_warning("-----BEGIN OCSP RESPONSE-----\n",
                 "it is no OCSP response: its DER does not decode" + kFresh);
  expect_warning("", "it is empty" + kFresh);
  OcspAnswer revoked;
  revoked.status = V_OCSP_CERTSTATUS_REVOKED;
  expect_warning(test::ocsp_response(leaf, files.ca.intermediate, revoked),
                 "the CA revoked the certificate at 2026-05-01T00:00:00Z: keyCompromise. replace "
                 "the certificate: clients that ask the CA refuse it.");
}

/// A leaf with must-staple whose CA has no responder: only a file can have its staple.
TEST_F(StapleFile, IsAWayToStapleWhatMustBe) {
  test::CertificateOptions options;
  options.common_name = "a.test";
  options.names = {"a.test"};
  options.tls_feature = "status_request";
  const auto must = files.ca.intermediate.issue(options);
  files.folder.write("certs/fullchain.pem", files.ca.chain(must));
  files.folder.write("certs/privkey.pem", must.key_pem());
  const auto certificate = load(test::ocsp_response(must, files.ca.intermediate));
  ASSERT_TRUE(certificate) << files.told();
  EXPECT_TRUE(certificate->file_staple);
  EXPECT_EQ(files.told(), "");

  EXPECT_FALSE(load(test::ocsp_response(leaf, files.ca.intermediate)));
  EXPECT_EQ(files.told(),
            "DIR/certs/fullchain.pem:1:1: 'a.test' must be stapled (TLS feature status_request), "
            "but names no OCSP responder to get a staple from. get a certificate without "
            "must-staple.\n"
            "DIR/certs/ocsp.der: warning: not stapled: it is about another certificate, not this "
            "one" +
                kFresh + "\n");
}

TEST_F(StapleFile, ThatCannotBeReadIsAWarning) {
  const CertificateSource source{
      "fullchain.pem", "privkey.pem", {"wssgate.yaml", 7, 5}, files.folder.path() + "/none.der"};
  const auto certificate = test::loaded(leaf, files.ca.intermediate);
  EXPECT_FALSE(load_staple(source, FileBytes::read(source.staple_file), *certificate, files.now,
                           files.report));
  EXPECT_EQ(
      files.told(),
      "wssgate.yaml:7:5: warning: cannot read the OCSP staple 'DIR/none.der': No such file or "
      "directory. name a file that wssgate's user may read.\n");
}

}  // namespace
}  // namespace wssgate::pki
