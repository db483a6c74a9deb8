#include "pki/dev_ca.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "pki/certificate.h"
#include "support/temp_folder.h"
#include "support/test_ca.h"

namespace wssgate::pki {
namespace {

using std::chrono::hours;

const std::vector<std::string> kDefaultNames = {"localhost", "127.0.0.1", "::1"};

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

class DevCa : public testing::Test {
 protected:
  DevCertificate ensure(const std::vector<std::string>& names = kDefaultNames) {
    auto made = ensure_dev_certificate(folder_.path() + "/certs", names, now_);
    if (!made) {
      ADD_FAILURE() << made.error().context;
      return {};
    }
    return *made;
  }

  std::shared_ptr<const Certificate> load(const DevCertificate& dev) {
    Report report;
    const auto trust = Trust::load({{dev.ca_file, {}}}, std::nullopt, now_, report);
    auto certificate =
        load_certificate({dev.chain_file, dev.key_file, {}}, trust, now_, report).certificate;
    EXPECT_EQ(report.text(), "");
    return certificate;
  }

  std::string refusal(const std::vector<std::string>& names) {
    const auto made = ensure_dev_certificate(folder_.path(), names, now_);
    return made ? "made" : made.error().context;
  }

  test::TempFolder folder_;
  std::chrono::system_clock::time_point now_ = test::day(2026, 6, 1);
};

TEST_F(DevCa, ItsCertificatePassesTheGate) {
  const auto dev = ensure();
  EXPECT_TRUE(dev.ca_is_new);
  const auto certificate = load(dev);
  ASSERT_TRUE(certificate);
  EXPECT_TRUE(certificate->intermediates.empty());
  EXPECT_TRUE(certificate->covers(*HostPattern::parse("localhost")));
  EXPECT_LE(certificate->not_after - certificate->not_before, hours(24 * 90));
  X509* leaf = certificate->leaf.get();
  EXPECT_EQ(X509_check_host(leaf, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf, "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf, "127.0.0.2", 0), 0);
}

TEST_F(DevCa, KeepsKeysPrivate) {
  const mode_t before = ::umask(0);
  const auto dev = ensure();
  ::umask(before);
  EXPECT_EQ(mode_of(folder_.path() + "/certs/dev-ca"), 0700U);
  EXPECT_EQ(mode_of(folder_.path() + "/certs/dev-ca/ca.key"), 0600U);
  EXPECT_EQ(mode_of(dev.key_file), 0600U);
  std::size_t files = 0;  // and nothing else is left lying about
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder_.path() + "/certs")) {
    if (entry.is_regular_file()) ++files;
  }
  EXPECT_EQ(files, 4U);
}

TEST_F(DevCa, IsKeptAndSoIsTheCertificate) {
  const auto dev = ensure();
  const auto ca = content(dev.ca_file);
  const auto chain = content(dev.chain_file);
  now_ += hours(24 * 59);
  EXPECT_FALSE(ensure().ca_is_new);
  EXPECT_EQ(content(dev.ca_file), ca);
  EXPECT_EQ(content(dev.chain_file), chain);
}

TEST_F(DevCa, RenewsTheCertificateInItsLastThird) {
  const auto dev = ensure();
  const auto ca = content(dev.ca_file);
  const auto chain = content(dev.chain_file);
  now_ += hours(24 * 61);
  ensure();
  EXPECT_EQ(content(dev.ca_file), ca);
  EXPECT_NE(content(dev.chain_file), chain);
  EXPECT_TRUE(load(dev));
}

TEST_F(DevCa, OtherNamesGetAnotherCertificateOfTheSameCa) {
  const auto dev = ensure();
  const auto ca = content(dev.ca_file);
  for (const auto& names : std::vector<std::vector<std::string>>{
           {"localhost", "127.0.0.1"},
           {"Chat.Test", "*.chat.test", "app.internal", "x.localhost", "10.1.2.3", "192.168.1.1"},
           {"localhost", "fd00::1", "FE80::1", "172.31.0.1"}}) {
    const auto chain = content(dev.chain_file);
    EXPECT_FALSE(ensure(names).ca_is_new) << names.front();
    EXPECT_NE(content(dev.chain_file), chain);
    EXPECT_TRUE(load(dev));
    const auto made = content(dev.chain_file);
    ensure(names);
    EXPECT_EQ(content(dev.chain_file), made) << "made once for " << names.front();
  }
  EXPECT_EQ(content(dev.ca_file), ca);
}

TEST_F(DevCa, AnotherCaSignsAnew) {
  const auto dev = ensure();
  const auto chain = content(dev.chain_file);
  std::filesystem::remove(dev.ca_file);
  EXPECT_TRUE(ensure().ca_is_new);
  EXPECT_NE(content(dev.chain_file), chain);
  EXPECT_TRUE(load(dev));
}

TEST_F(DevCa, DamagedFilesAreMadeAnew) {
  const auto dev = ensure();
  folder_.write("certs/dev/privkey.pem", "rubbish");
  EXPECT_FALSE(ensure().ca_is_new);
  EXPECT_TRUE(load(dev));
  folder_.write("certs/dev-ca/ca.key", content(dev.key_file));
  EXPECT_TRUE(ensure().ca_is_new);
  EXPECT_TRUE(load(dev));
}

TEST_F(DevCa, IsReplacedBeforeItEnds) {
  ensure();
  now_ += hours(24 * 3600);
  const auto dev = ensure();
  EXPECT_TRUE(dev.ca_is_new);
  EXPECT_TRUE(load(dev));
}

// What a stolen key is worth: names on this machine and in private networks, nothing public.
TEST_F(DevCa, MayNotCertifyPublicNames) {
  const auto dev = ensure();
  Report report;
  const auto trust = Trust::load({{dev.ca_file, {}}}, std::nullopt, now_, report);
  const BioPtr ca_pem(BIO_new_file(dev.ca_file.c_str(), "r"));
  const BioPtr key_pem(BIO_new_file((folder_.path() + "/certs/dev-ca/ca.key").c_str(), "r"));
  const X509Ptr ca(PEM_read_bio_X509(ca_pem.get(), nullptr, nullptr, nullptr));
  const KeyPtr key(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, nullptr, nullptr));
  test::CertificateOptions options;
  options.common_name = "bank.example.com";
  options.names = {"bank.example.com"};
  const auto stolen = test::TestCertificate::self_signed(options);
  X509_set_issuer_name(stolen.certificate(), X509_get_subject_name(ca.get()));
  ASSERT_GT(X509_sign(stolen.certificate(), key.get(), EVP_sha256()), 0);
  const CertificateSource source{
      folder_.write("chain.pem", stolen.pem()), folder_.write("key.pem", stolen.key_pem()), {}};
  EXPECT_FALSE(load_certificate(source, trust, now_, report).certificate);
  EXPECT_THAT(report.text(), testing::HasSubstr("(name constraints)"));
}

TEST_F(DevCa, PublicNamesThatAreAskedForGetACaThatMayCertifyThem) {
  ensure();
  const auto dev = ensure({"localhost", "*.dev.example.com", "203.0.113.5"});
  EXPECT_TRUE(dev.ca_is_new);
  EXPECT_TRUE(load(dev));
}

TEST_F(DevCa, RefusesWhatItCannotCertify) {
  EXPECT_EQ(refusal({"localhost", "a b"}), "'a b' is neither a host name nor an IP address");
  EXPECT_EQ(refusal({"localhost,DNS:evil.test"}),
            "'localhost,DNS:evil.test' is neither a host name nor an IP address");
  EXPECT_EQ(refusal({"127.0.0.1"}),
            "a development certificate needs at least one host name: add localhost");
}

TEST_F(DevCa, RefusesAKeyThatOthersCouldRead) {
  ensure();
  const std::string key = folder_.path() + "/certs/dev-ca/ca.key";
  ASSERT_EQ(::chmod(key.c_str(), 0644), 0);
  const auto refused = ensure_dev_certificate(folder_.path() + "/certs", kDefaultNames, now_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error().context,
      "other users could read '" + key +
          "' (mode 0644) and so issue certificates that you trust. Distrust that CA, remove '" +
          folder_.path() + "/certs/dev-ca' and start again");
}

TEST_F(DevCa, SaysWhereItCannotWrite) {
  folder_.write("certs", "a file where the folder should be");
  const auto refused = ensure_dev_certificate(folder_.path() + "/certs", kDefaultNames, now_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().context,
            "cannot create '" + folder_.path() + "/certs': Not a directory");
}

}  // namespace
}  // namespace wssgate::pki
