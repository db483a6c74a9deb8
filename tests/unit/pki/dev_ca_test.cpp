#include "pki/dev_ca.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "pki/certificate.h"
#include "pki/dev_issue.h"
#include "pki/dev_names.h"
#include "pki/pem_file.h"
#include "pki/x509_facts.h"
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

class DevCaTest : public testing::Test {
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
    const auto trust = Trust::load({{dev.ca.root.file, {}}}, std::nullopt, now_, report);
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

TEST_F(DevCaTest, ItsCertificatePassesTheGate) {
  const auto dev = ensure();
  EXPECT_TRUE(dev.ca.is_new);
  const auto certificate = load(dev);
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->intermediates.size(), 1U);
  EXPECT_TRUE(certificate->covers(*HostPattern::parse("localhost")));
  EXPECT_LE(certificate->not_after - certificate->not_before, hours(24 * 90));
  X509* leaf = certificate->leaf.get();
  EXPECT_EQ(X509_check_host(leaf, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf, "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(leaf, "127.0.0.2", 0), 0);
}

TEST_F(DevCaTest, KeepsKeysPrivate) {
  const mode_t before = ::umask(0);
  const auto dev = ensure();
  ::umask(before);
  EXPECT_EQ(mode_of(folder_.path() + "/certs/dev-ca"), 0700U);
  EXPECT_EQ(mode_of(folder_.path() + "/certs/dev-ca/issuer.key"), 0600U);
  EXPECT_EQ(mode_of(dev.key_file), 0600U);
  std::size_t files = 0;  // and nothing else is left lying about
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder_.path() + "/certs")) {
    if (entry.is_regular_file()) ++files;
  }
  EXPECT_EQ(files, 7U);
}

TEST_F(DevCaTest, StaysOutOfRepositories) {
  ensure();
  for (const char* file : {"dev-ca/.gitignore", "dev/.gitignore"}) {
    EXPECT_EQ(content(folder_.path() + "/certs/" + file), "*\n") << file;
  }
}

TEST_F(DevCaTest, IsKeptAndSoIsTheCertificate) {
  const auto dev = ensure();
  const auto ca = content(dev.ca.root.file);
  const auto chain = content(dev.chain_file);
  now_ += hours(24 * 59);
  EXPECT_FALSE(ensure().ca.is_new);
  EXPECT_EQ(content(dev.ca.root.file), ca);
  EXPECT_EQ(content(dev.chain_file), chain);
}

TEST_F(DevCaTest, RenewsTheCertificateInItsLastThird) {
  const auto dev = ensure();
  const auto ca = content(dev.ca.root.file);
  const auto chain = content(dev.chain_file);
  now_ += hours(24 * 61);
  ensure();
  EXPECT_EQ(content(dev.ca.root.file), ca);
  EXPECT_NE(content(dev.chain_file), chain);
  EXPECT_TRUE(load(dev));
}

TEST_F(DevCaTest, EachSetOfNamesHasACertificateOfTheSameCa) {
  const auto dev = ensure();
  const auto ca = content(dev.ca.root.file);
  const auto chain = content(dev.chain_file);
  for (const auto& names : std::vector<std::vector<std::string>>{
           {"localhost", "127.0.0.1"},
           {"Chat.Test", "*.chat.test", "app.internal", "x.localhost", "10.1.2.3", "192.168.1.1"},
           {"*.chat.test"},
           {"localhost", "fd00::1", "FE80::1", "172.31.0.1"}}) {
    const auto other = ensure(names);
    EXPECT_FALSE(other.ca.is_new) << names.front();
    EXPECT_TRUE(other.is_new) << names.front();
    EXPECT_TRUE(load(other));
    EXPECT_FALSE(ensure(names).is_new) << "made once for " << names.front();
  }
  EXPECT_EQ(content(dev.ca.root.file), ca);
  EXPECT_EQ(content(dev.chain_file), chain) << "nobody else's is touched";
}

TEST_F(DevCaTest, AnotherCaSignsAnew) {
  const auto dev = ensure();
  const auto chain = content(dev.chain_file);
  std::filesystem::remove(dev.ca.root.file);
  EXPECT_TRUE(ensure().ca.is_new);
  EXPECT_NE(content(dev.chain_file), chain);
  EXPECT_TRUE(load(dev));
}

TEST_F(DevCaTest, DamagedFilesAreMadeAnew) {
  const auto dev = ensure();
  std::ofstream(dev.key_file) << "rubbish";
  EXPECT_FALSE(ensure().ca.is_new);
  EXPECT_TRUE(load(dev));
  const auto chain = content(dev.chain_file);
  std::ofstream(dev.chain_file) << chain.substr(0, chain.size() / 2 + 100);
  EXPECT_FALSE(ensure().ca.is_new);
  EXPECT_TRUE(load(dev));
  folder_.write("certs/dev-ca/issuer.key", content(dev.key_file));
  EXPECT_EQ(ensure().ca.replaced_because, "its files are damaged or not complete");
  EXPECT_TRUE(load(dev));
}

TEST_F(DevCaTest, IsReplacedBeforeItEnds) {
  ensure();
  now_ += hours(24 * 3600);
  const auto dev = ensure();
  EXPECT_TRUE(dev.ca.is_new);
  EXPECT_THAT(dev.ca.replaced_because, testing::StartsWith("it ends at 2036-"));
  EXPECT_TRUE(load(dev));
}

X509Ptr read_certificate(const std::string& file) {
  const BioPtr bio(BIO_new_file(file.c_str(), "r"));
  return X509Ptr(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// What a stolen key is worth: names on this machine and in private networks, nothing public.
TEST_F(DevCaTest, MayNotCertifyPublicNames) {
  const auto dev = ensure();
  const std::string ca_folder = folder_.path() + "/certs/dev-ca/";
  DevPair issuer;
  issuer.certificate = read_certificate(ca_folder + "issuer.pem");
  const BioPtr key_pem(BIO_new_file((ca_folder + "issuer.key").c_str(), "r"));
  issuer.key.reset(PEM_read_bio_PrivateKey(key_pem.get(), nullptr, nullptr, nullptr));
  for (const DevNames& names :
       {DevNames{{"bank.example.com"}, {}}, DevNames{{"localhost", "bank.example.com"}, {}},
        DevNames{{"atest"}, {}}, DevNames{{"localhost"}, {"203.0.113.5"}},
        DevNames{{"localhost"}, {"2001:db8::1"}}, DevNames{{"localhost"}, {"11.0.0.1"}}}) {
    auto stolen = make_dev_leaf(issuer, names, now_);
    ASSERT_TRUE(stolen);
    const BioPtr pem(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(pem.get(), stolen->certificate.get());
    PEM_write_bio_X509(pem.get(), issuer.certificate.get());
    PEM_write_bio_PKCS8PrivateKey(pem.get(), stolen->key.get(), nullptr, nullptr, 0, nullptr,
                                  nullptr);
    char* text = nullptr;
    const long length = BIO_get_mem_data(pem.get(), &text);
    const std::string file = folder_.write("stolen.pem", {text, static_cast<std::size_t>(length)});
    Report report;
    const auto trust = Trust::load({{dev.ca.root.file, {}}}, std::nullopt, now_, report);
    EXPECT_FALSE(load_certificate({file, file, {}}, trust, now_, report).certificate);
    EXPECT_THAT(report.text(), testing::HasSubstr("(name constraints)"))
        << names.subject_alt_name();
  }
}

TEST_F(DevCaTest, NobodyHasTheKeyOfTheRoot) {
  const auto dev = ensure();
  const X509Ptr root = read_certificate(dev.ca.root.file);
  std::size_t keys = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder_.path() + "/certs")) {
    if (!entry.is_regular_file()) continue;
    const BioPtr bio(BIO_new_file(entry.path().c_str(), "r"));
    const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
    if (!key) continue;
    ++keys;
    EXPECT_NE(X509_check_private_key(root.get(), key.get()), 1) << entry.path();
  }
  EXPECT_EQ(keys, 2U) << "the issuer's and the leaf's";
}

TEST_F(DevCaTest, CertifiesServersOnlyAndNoFurtherCa) {
  const auto dev = ensure();
  const std::string issuer_file = folder_.path() + "/certs/dev-ca/issuer.pem";
  const X509Ptr root = read_certificate(dev.ca.root.file);
  const X509Ptr issuer = read_certificate(issuer_file);
  EXPECT_EQ(X509_get_pathlen(root.get()), 1);
  EXPECT_EQ(X509_get_pathlen(issuer.get()), 0);
  for (X509* ca : {root.get(), issuer.get()}) {
    EXPECT_EQ(X509_get_extended_key_usage(ca), std::uint32_t{XKU_SSL_SERVER});
    EXPECT_EQ(permitted_beyond_local(ca), DevNames());
    EXPECT_EQ(X509_check_purpose(ca, X509_PURPOSE_SMIME_SIGN, 1), 0);
    EXPECT_EQ(X509_check_purpose(ca, X509_PURPOSE_SSL_CLIENT, 1), 0);
    EXPECT_EQ(X509_check_purpose(ca, X509_PURPOSE_SSL_SERVER, 1), 1);
  }
}

TEST_F(DevCaTest, EachHasANameOfItsOwn) {
  const auto first = ensure();
  const auto second = ensure_dev_ca(folder_.path() + "/others", {}, now_);
  ASSERT_TRUE(second);
  EXPECT_THAT(first.ca.root.label, testing::MatchesRegex("wssgate development CA [0-9a-f]{8}"));
  EXPECT_NE(first.ca.root.label, second->root.label);
}

TEST_F(DevCaTest, PublicNamesThatAreAskedForGetACaThatMayCertifyThem) {
  const auto first = ensure();
  EXPECT_EQ(first.ca.replaced_because, "");
  const auto dev = ensure({"localhost", "*.dev.example.com", "203.0.113.5"});
  EXPECT_TRUE(dev.ca.is_new);
  EXPECT_EQ(dev.ca.replaced_because, "it may not certify 'dev.example.com'");
  EXPECT_TRUE(load(dev));
  // What was permitted stays so, whatever is asked for later.
  const auto more = ensure({"app.example.org"});
  EXPECT_TRUE(more.ca.is_new);
  EXPECT_TRUE(load(more));
  for (const std::vector<std::string>& names :
       std::vector<std::vector<std::string>>{{"localhost", "*.dev.example.com", "203.0.113.5"},
                                             {"a.b.dev.example.com"},
                                             {"app.example.org", "x.app.example.org"},
                                             kDefaultNames}) {
    const auto again = ensure(names);
    EXPECT_FALSE(again.ca.is_new) << names.front();
    EXPECT_TRUE(load(again));
  }
  EXPECT_TRUE(ensure({"example.com"}).ca.is_new);
}

TEST_F(DevCaTest, RootsThatWereReplacedAreRememberedUntilForgotten) {
  const auto first = ensure();
  EXPECT_THAT(earlier_dev_roots(folder_.path() + "/certs"), testing::IsEmpty());
  const auto second = ensure({"app.example.org"});
  const auto earlier = earlier_dev_roots(folder_.path() + "/certs");
  ASSERT_EQ(earlier.size(), 1U);
  EXPECT_EQ(earlier.front().fingerprint, first.ca.root.fingerprint);
  EXPECT_EQ(earlier.front().label, first.ca.root.label);
  const auto current = find_dev_root(folder_.path() + "/certs");
  ASSERT_TRUE(current);
  EXPECT_EQ(current->fingerprint, second.ca.root.fingerprint);
  forget_dev_root(earlier.front());
  EXPECT_THAT(earlier_dev_roots(folder_.path() + "/certs"), testing::IsEmpty());
  EXPECT_FALSE(find_dev_root(folder_.path() + "/none"));
}

// As they were made at first, by a root that issued itself.
TEST_F(DevCaTest, ACaThatIsLimitedOtherwiseIsReplacedAndItsKeyRemoved) {
  test::CertificateOptions options;
  options.common_name = "wssgate development CA";
  options.name_constraints = "critical,permitted;DNS:localhost";
  const auto old = test::TestCertificate::self_signed(options);
  folder_.write("certs/dev-ca/ca.pem", old.pem());
  const std::vector<std::string> outdated = {folder_.write("certs/dev-ca/ca.key", old.key_pem()),
                                             folder_.write("certs/dev/fullchain.pem", old.pem()),
                                             folder_.write("certs/dev/privkey.pem", old.key_pem())};
  std::filesystem::permissions(folder_.path() + "/certs/dev-ca", std::filesystem::perms::owner_all);
  const auto dev = ensure();
  EXPECT_EQ(dev.ca.replaced_because, "it is not limited as the CAs of this version are");
  for (const std::string& file : outdated) EXPECT_FALSE(std::filesystem::exists(file)) << file;
  EXPECT_EQ(earlier_dev_roots(folder_.path() + "/certs").size(), 1U);
  EXPECT_TRUE(load(dev));
}

TEST_F(DevCaTest, OthersCertificatesAreNoRootsOfOurs) {
  ensure();
  ensure({"app.example.org"});
  const auto earlier = earlier_dev_roots(folder_.path() + "/certs");
  ASSERT_EQ(earlier.size(), 1U);
  test::CertificateOptions options;
  options.common_name = "a CA";
  const auto stranger = test::TestCertificate::self_signed(options);
  folder_.write("certs/dev-ca/earlier/x.pem", content(earlier.front().file));
  folder_.write("certs/dev-ca/earlier/" + fingerprint(stranger.certificate()) + ".pem",
                stranger.pem());
  const auto again = earlier_dev_roots(folder_.path() + "/certs");
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again.front().file, earlier.front().file);
  folder_.write("certs/dev-ca/ca.pem", stranger.pem());
  EXPECT_FALSE(find_dev_root(folder_.path() + "/certs"));
}

// As somebody might put it there: with our names and constraints.
TEST_F(DevCaTest, ACaForOtherUsesIsReplaced) {
  const auto made = make_dev_authority({}, now_);
  ASSERT_TRUE(made);
  EXPECT_TRUE(is_limited(*made));
  const auto put = [&](int nid, const char* value) {
    X509Ptr changed(X509_dup(made->root.get()));
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    const int index = X509_get_ext_by_NID(changed.get(), nid, -1);
    if (index >= 0) X509_EXTENSION_free(X509_delete_ext(changed.get(), index));
    X509_add_ext(changed.get(), extension, -1);
    X509_EXTENSION_free(extension);
    DevAuthority authority;
    authority.root = std::move(changed);
    authority.issuer.certificate = share(made->issuer.certificate.get());
    return is_limited(authority);
  };
  EXPECT_TRUE(put(NID_basic_constraints, "critical,CA:TRUE,pathlen:1"));
  EXPECT_FALSE(put(NID_basic_constraints, "critical,CA:TRUE"));
  EXPECT_FALSE(put(NID_basic_constraints, "critical,CA:TRUE,pathlen:2"));
  EXPECT_FALSE(put(NID_ext_key_usage, "serverAuth,clientAuth"));
  EXPECT_FALSE(put(NID_key_usage, "keyCertSign,cRLSign"));
  EXPECT_FALSE(put(NID_info_access, "OCSP;URI:http://a.test/"));
}

TEST_F(DevCaTest, RefusesWhatOthersMayWrite) {
  const auto dev = ensure();
  const std::string ca_folder = folder_.path() + "/certs/dev-ca";
  for (const std::string& path : {ca_folder, dev.ca.root.file}) {
    const mode_t before = mode_of(path);
    ASSERT_EQ(::chmod(path.c_str(), before | 0020), 0);
    const auto refused = ensure_dev_ca(folder_.path() + "/certs", {}, now_);
    ASSERT_FALSE(refused) << path;
    EXPECT_THAT(refused.error().context, testing::StartsWith("other users may write '" + path));
    ASSERT_EQ(::chmod(path.c_str(), before), 0);
  }
  EXPECT_FALSE(ensure().ca.is_new);
}

TEST_F(DevCaTest, RefusesWhatAnotherUserOwns) {
  const auto dev = ensure();
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const std::string ca_folder = folder_.path() + "/certs/dev-ca";
  for (const std::string& path : {ca_folder, dev.ca.root.file}) {
    ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
    const auto refused = ensure_dev_ca(folder_.path() + "/certs", {}, now_);
    ASSERT_FALSE(refused) << path;
    EXPECT_THAT(refused.error().context,
                testing::StartsWith("'" + path + "' belongs to another user (65534, and you are"));
    ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
  }
  EXPECT_FALSE(ensure().ca.is_new);
}

TEST_F(DevCaTest, NoneMayCertifyATopLevelDomain) {
  EXPECT_EQ(refusal({"localhost", "com"}),
            "'com' would be a CA for every name of a top-level domain");
  EXPECT_THAT(ensure().ca.permitted, testing::IsEmpty());
  EXPECT_THAT(ensure({"b.example.com", "203.0.113.5"}).ca.permitted,
              testing::ElementsAre("b.example.com", "203.0.113.5"));
}

TEST_F(DevCaTest, RefusesWhatItCannotCertify) {
  EXPECT_EQ(refusal({"localhost", "a b"}), "'a b' is neither a host name nor an IP address");
  EXPECT_EQ(refusal({"localhost,DNS:evil.test"}),
            "'localhost,DNS:evil.test' is neither a host name nor an IP address");
  EXPECT_EQ(refusal({"127.0.0.1"}),
            "a development certificate needs at least one host name: add localhost");
}

TEST_F(DevCaTest, RefusesAKeyThatOthersCouldRead) {
  ensure();
  const std::string key = folder_.path() + "/certs/dev-ca/issuer.key";
  ASSERT_EQ(::chmod(key.c_str(), 0644), 0);
  const auto refused = ensure_dev_certificate(folder_.path() + "/certs", kDefaultNames, now_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(
      refused.error().context,
      "other users could read '" + key +
          "' (mode 0644) and so issue certificates that you trust. Distrust that CA, remove '" +
          folder_.path() + "/certs/dev-ca' and start again");
}

TEST_F(DevCaTest, SaysWhereItCannotWrite) {
  folder_.write("certs", "a file where the folder should be");
  const auto refused = ensure_dev_certificate(folder_.path() + "/certs", kDefaultNames, now_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().context,
            "cannot create '" + folder_.path() + "/certs': Not a directory");
}

}  // namespace
}  // namespace wssgate::pki
