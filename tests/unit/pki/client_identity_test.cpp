#include "pki/client_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "pki/x509_facts.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"

// The certificate that wssgate shows to an upstream: proven like those that it serves, as far as
// that is not the upstream's to judge.
namespace wssgate::pki {
namespace {

using test::CertificateOptions;
using test::day;
using test::TestCertificate;
using ::testing::HasSubstr;

class ClientIdentityFiles : public testing::Test {
 protected:
  std::shared_ptr<const ClientIdentity> load(const std::string& chain, const std::string& key,
                                             mode_t mode = 0600) {
    Report report;
    auto identity = ClientIdentity::load(
        {folder_.write("chain.pem", chain), folder_.write("key.pem", key, mode), {"c.yaml", 7, 5}},
        day(2026, 6, 1), report);
    problems_ = report.text();
    return identity;
  }
  TestCertificate issue(const std::function<void(CertificateOptions&)>& change = {}) const {
    CertificateOptions options;
    options.common_name = "wssgate";
    options.extended_key_usage = "clientAuth";
    if (change) change(options);
    return ca_.intermediate.issue(options);
  }
  /// What is said of such a certificate.
  std::string fault(const std::function<void(CertificateOptions&)>& change) {
    const TestCertificate leaf = issue(change);
    EXPECT_FALSE(load(ca_.chain(leaf), leaf.key_pem()));
    return problems_;
  }

  test::TempFolder folder_;
  test::TestCa ca_;
  std::string problems_;
};

TEST_F(ClientIdentityFiles, HoldTheChainAndItsKey) {
  const TestCertificate leaf = issue();
  const auto identity = load(ca_.chain(leaf), leaf.key_pem());
  ASSERT_TRUE(identity) << problems_;
  EXPECT_EQ(problems_, "");
  EXPECT_EQ(fingerprint(identity->leaf.get()), fingerprint(leaf.certificate()));
  ASSERT_EQ(identity->intermediates.size(), 1U);
  EXPECT_EQ(EVP_PKEY_eq(identity->key.get(), leaf.key()), 1);
}

TEST_F(ClientIdentityFiles, NeedNoNamesAndNoKnownRoot) {
  CertificateOptions options;
  options.common_name = "alone";
  options.extended_key_usage.clear();
  const TestCertificate own = TestCertificate::self_signed(options);
  EXPECT_TRUE(load(own.pem(), own.key_pem())) << problems_;
}

TEST_F(ClientIdentityFiles, LeaveTheRootAtHome) {
  const TestCertificate leaf = issue();
  const auto identity = load(ca_.chain(leaf) + ca_.root.pem(), leaf.key_pem());
  ASSERT_TRUE(identity) << problems_;
  EXPECT_EQ(identity->intermediates.size(), 1U);
}

TEST_F(ClientIdentityFiles, TellOneFromAnother) {
  const TestCertificate one = issue();
  const TestCertificate two = issue();
  const auto first = load(ca_.chain(one), one.key_pem());
  EXPECT_EQ(load(ca_.chain(one), one.key_pem())->digest_text(), first->digest_text());
  EXPECT_NE(load(one.pem(), one.key_pem())->digest_text(), first->digest_text());
  EXPECT_NE(load(ca_.chain(two), two.key_pem())->digest_text(), first->digest_text());
}

TEST_F(ClientIdentityFiles, RefuseAKeyThatIsNotTheCertificates) {
  EXPECT_FALSE(load(ca_.chain(issue()), issue().key_pem()));
  EXPECT_THAT(problems_, HasSubstr("key.pem' is not the key of 'wssgate'"));
}

TEST_F(ClientIdentityFiles, RefuseAKeyThatEveryoneCanRead) {
  const TestCertificate leaf = issue();
  EXPECT_FALSE(load(ca_.chain(leaf), leaf.key_pem(), 0644));
  EXPECT_THAT(problems_, HasSubstr("the private key is readable by every user (mode 0644)"));
}

TEST_F(ClientIdentityFiles, RefuseWhatIsOutOfDate) {
  EXPECT_THAT(fault([](CertificateOptions& o) { o.not_after = day(2026, 5, 1); }),
              HasSubstr("'wssgate' expired at 2026-05-01"));
  EXPECT_THAT(fault([](CertificateOptions& o) { o.not_before = day(2027, 5, 1); }),
              HasSubstr("'wssgate' is not valid before 2027-05-01"));
}

TEST_F(ClientIdentityFiles, WarnOfAnEndThatIsNear) {
  const TestCertificate leaf = issue([](CertificateOptions& o) { o.not_after = day(2026, 6, 5); });
  EXPECT_TRUE(load(ca_.chain(leaf), leaf.key_pem()));
  EXPECT_THAT(problems_, HasSubstr("warning: 'wssgate' expires at 2026-06-05"));
}

TEST_F(ClientIdentityFiles, RefuseWhatIsNotForClients) {
  EXPECT_THAT(fault([](CertificateOptions& o) { o.extended_key_usage = "serverAuth"; }),
              HasSubstr("'wssgate' is not for clients"));
}

TEST_F(ClientIdentityFiles, RefuseAWrongOrder) {
  const TestCertificate leaf = issue();
  EXPECT_FALSE(load(leaf.pem() + ca_.root.pem() + ca_.intermediate.pem(), leaf.key_pem()));
  EXPECT_THAT(problems_, HasSubstr("'Test Root' did not issue 'wssgate'"));
}

TEST_F(ClientIdentityFiles, RefuseWhatCannotBeRead) {
  Report report;
  EXPECT_FALSE(ClientIdentity::load(
      {folder_.path() + "/none.pem", folder_.path() + "/none.key", {"c.yaml", 7, 5}},
      day(2026, 6, 1), report));
  EXPECT_EQ(report.errors(), 2U);
  EXPECT_THAT(report.text(), HasSubstr("c.yaml:7:5: cannot read the private key"));
}

}  // namespace
}  // namespace wssgate::pki
