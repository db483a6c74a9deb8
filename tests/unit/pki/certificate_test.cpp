#include "pki/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>

#include "unit/pki/certificate_files.h"

namespace wssgate::pki {
namespace {

using test::CertificateFiles;
using test::TestCertificate;
using test::TestKey;

std::vector<std::string> texts(const std::vector<HostPattern>& names) {
  std::vector<std::string> out;
  for (const auto& name : names) out.push_back(name.text());
  return out;
}

TEST(LoadCertificate, TellsWhatItIs) {
  CertificateFiles files;
  test::CertificateOptions options;
  options.names = {"Chat.Example.com", "*.chat.example.com", "192.0.2.1", "w*.example.com"};
  options.not_before = test::day(2026, 5, 1);
  options.not_after = test::day(2026, 7, 1);
  files.arrange(files.ca.intermediate.issue(options));
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  EXPECT_TRUE(files.report.ok());
  EXPECT_EQ(certificate->key_type, KeyType::ecdsa);
  EXPECT_THAT(texts(certificate->names),
              testing::ElementsAre("chat.example.com", "*.chat.example.com"));
  EXPECT_EQ(certificate->not_before, test::day(2026, 5, 1));
  EXPECT_EQ(certificate->not_after, test::day(2026, 7, 1));
  EXPECT_EQ(certificate->chain_file, files.folder.path() + "/fullchain.pem");
  ASSERT_EQ(certificate->intermediates.size(), 1U);
  EXPECT_EQ(X509_cmp(certificate->intermediates[0].get(), files.ca.intermediate.certificate()), 0);
  EXPECT_TRUE(certificate->covers(*HostPattern::parse("a.chat.example.com")));
  EXPECT_FALSE(certificate->covers(*HostPattern::parse("example.com")));
}

TEST(LoadCertificate, TakesEveryKindOfServingKey) {
  for (const auto& [kind, type] :
       {std::pair(TestKey::p384, KeyType::ecdsa), std::pair(TestKey::rsa2048, KeyType::rsa),
        std::pair(TestKey::ed25519, KeyType::ed25519)}) {
    CertificateFiles files;
    files.arrange(files.ca.intermediate.leaf({"a.test"}, kind));
    const auto certificate = files.load();
    ASSERT_TRUE(certificate) << files.told();
    EXPECT_EQ(certificate->key_type, type);
  }
}

TEST(LoadCertificate, DoesNotSendTheRootAndSaysSo) {
  CertificateFiles files;
  files.arrange(files.ca.intermediate.leaf({"a.test"}));
  files.chain += files.ca.root.pem();
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  EXPECT_EQ(certificate->intermediates.size(), 1U);
  EXPECT_EQ(
      files.told(),
      files.with_lines("DIR/fullchain.pem:$3:1: warning: 'Test Root' is a root, which clients "
                       "have themselves: it is not sent. remove it from the file.\n"));
}

TEST(LoadCertificate, LeafDirectlyBelowARootIsComplete) {
  CertificateFiles files;
  const auto leaf = files.ca.root.leaf({"a.test"});
  files.chain = leaf.pem();
  files.key = leaf.key_pem();
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  EXPECT_TRUE(certificate->intermediates.empty());
}

TEST(LoadCertificate, SelfSignedLeafIsFineAmongTheRoots) {
  CertificateFiles files;
  test::CertificateOptions options;
  options.names = {"a.test"};
  const auto leaf = TestCertificate::self_signed(options);
  files.chain = files.roots = leaf.pem();
  files.key = leaf.key_pem();
  EXPECT_TRUE(files.load()) << files.told();
}

// Let's Encrypt's long chain: the root's key also has a certificate from an older root.
TEST(LoadCertificate, SendsACrossSignedRootThatIsPartOfTheFile) {
  CertificateFiles files;
  const auto old_root = TestCertificate::root("Old Root");
  test::CertificateOptions options;
  options.common_name = "Test Root";
  options.is_ca = true;
  options.extended_key_usage.clear();
  const auto cross = old_root.issue_for(files.ca.root, options);
  files.arrange(files.ca.intermediate.leaf({"a.test"}));
  files.chain += cross.pem();
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  EXPECT_EQ(certificate->intermediates.size(), 2U);

  files.chain += files.ca.root.pem();  // and the twin beside it is no harm
  EXPECT_TRUE(files.load());
  EXPECT_EQ(files.told(), "");
}

TEST(LoadCertificate, ReadsPemWithTextAroundIt) {
  CertificateFiles files;
  const auto leaf = files.ca.intermediate.leaf({"a.test"});
  files.chain = "\xef\xbb\xbf" + leaf.pem() + "subject=CN = Test Intermediate\r\n\r\n" +
                files.ca.intermediate.pem();
  files.chain = CertificateFiles::replace_all(files.chain, "\n", "\r\n");
  files.key = "Bag Attributes\n    friendlyName: x\n" + leaf.key_pem();
  EXPECT_TRUE(files.load()) << files.told();
}

TEST(LoadCertificate, ChainAndKeyMayShareAFile) {
  CertificateFiles files;
  const auto leaf = files.ca.intermediate.leaf({"a.test"});
  files.arrange(leaf);
  files.chain = files.key = leaf.key_pem() + files.chain;
  EXPECT_TRUE(files.load()) << files.told();
}

TEST(LoadCertificate, DatesBeyondTheClockAreItsEnd) {
  CertificateFiles files;
  const auto leaf = files.ca.intermediate.leaf({"a.test"});
  // RFC 5280 §4.1.2.5: no well-defined expiry.
  X509Ptr endless(X509_dup(leaf.certificate()));
  ASN1_TIME_set_string_X509(X509_getm_notAfter(endless.get()), "99991231235959Z");
  ASSERT_GT(X509_sign(endless.get(), files.ca.intermediate.key(), EVP_sha256()), 0);
  files.arrange(leaf);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), endless.get());
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  files.chain = std::string(text, static_cast<std::size_t>(length)) + files.ca.intermediate.pem();
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  EXPECT_EQ(certificate->not_after, std::chrono::system_clock::time_point::max());
}

TEST(LoadCertificate, TellsTheNamesOfARefusedOneToo) {
  CertificateFiles files;
  const auto leaf = files.ca.intermediate.leaf({"a.test", "*.a.test"});
  files.chain = leaf.pem();
  files.key = leaf.key_pem();
  const LoadOutcome outcome = files.outcome();
  EXPECT_FALSE(outcome.certificate);
  EXPECT_THAT(texts(outcome.names), testing::ElementsAre("a.test", "*.a.test"));
}

// Truncated and damaged files end in a report, whatever is left of them.
TEST(LoadCertificate, SurvivesEveryTruncation) {
  CertificateFiles files;
  const auto leaf = files.ca.intermediate.leaf({"a.test"});
  files.arrange(leaf);
  const std::string whole = files.chain;
  const std::string key = files.key;
  const std::size_t cut = key.size() - 1;
  for (std::size_t size = 0; size + 1 < whole.size(); size += 7) {
    files.report = Report();
    files.chain = whole.substr(0, size);
    files.key = key.substr(0, size % cut);
    EXPECT_FALSE(files.load()) << size;
    EXPECT_FALSE(files.report.ok()) << size;
  }
}

}  // namespace
}  // namespace wssgate::pki
