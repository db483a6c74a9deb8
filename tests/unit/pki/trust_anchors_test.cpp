#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "unit/pki/certificate_files.h"

namespace wssgate::pki {
namespace {

using test::CertificateFiles;
using test::TestCertificate;

/// While it lives, the system's roots are in this file.
class SystemRoots {
 public:
  explicit SystemRoots(const std::string& file) {
    EXPECT_EQ(::setenv("SSL_CERT_FILE", file.c_str(), 1), 0);
  }
  ~SystemRoots() { ::setenv("SSL_CERT_FILE", before_.c_str(), 1); }
  SystemRoots(const SystemRoots&) = delete;
  SystemRoots& operator=(const SystemRoots&) = delete;

 private:
  const std::string before_ = ::getenv("SSL_CERT_FILE");
};

TEST(TrustAnchors, AMissingFileIsAProblemOfTheConfiguration) {
  Report report;
  TrustAnchors::load({{"/nowhere/roots.pem", {"wssgate.yaml", 4, 9}}}, report);
  EXPECT_EQ(report.text(),
            "wssgate.yaml:4:9: cannot read the roots '/nowhere/roots.pem': No such file or "
            "directory. name a PEM file that wssgate's user may read.\n");
}

TEST(TrustAnchors, TakeAllThatAFileHolds) {
  CertificateFiles files;
  files.roots = "first\n" + TestCertificate::root("First").pem() + files.ca.root.pem();
  files.arrange(files.ca.intermediate.leaf({"a.test"}));
  EXPECT_TRUE(files.load()) << files.told();
}

TEST(TrustAnchors, RefuseWhatIsNoRoot) {
  test::TempFolder folder;
  test::TestCa ca;
  Report report;
  const std::string intermediate = folder.write("intermediate.pem", ca.intermediate.pem());
  const std::string damaged =
      folder.write("damaged.pem", "-----BEGIN CERTIFICATE-----\nMIH=\n-----END CERTIFICATE-----\n");
  const std::string der = folder.write("root.der", ca.root.der());
  TrustAnchors::load({{intermediate, {}}, {damaged, {}}, {der, {}}}, report);
  EXPECT_EQ(CertificateFiles::replace_all(report.text(), folder.path(), "DIR"),
            "DIR/damaged.pem:1:1: the certificate is damaged: its PEM block does not decode. copy "
            "the whole file again.\n"
            "DIR/intermediate.pem:1:1: 'Test Intermediate' is not a root: 'Test Root' issued it. "
            "name the root here; 'Test Intermediate' belongs into the chain files below it.\n"
            "DIR/root.der: this is a DER certificate, not PEM. give the PEM certificates of "
            "roots.\n");
}

// Some machines carry intermediates in their store; their clients do not.
TEST(TrustAnchors, AnIntermediateInTheSystemsStoreDoesNotCompleteAChain) {
  CertificateFiles files;
  const auto leaf = files.ca.intermediate.leaf({"chat.test"});
  files.chain = leaf.pem();
  files.key = leaf.key_pem();
  const SystemRoots system(files.folder.write("store.pem", files.ca.intermediate.pem()));
  EXPECT_FALSE(files.load());
  EXPECT_EQ(
      files.told(),
      "DIR/fullchain.pem:1:1: intermediate 'Test Intermediate' is missing: the file holds the "
      "server's certificate alone. your CA's fullchain.pem has it; if 'Test Intermediate' is "
      "your own root, name its file under certificates.roots.\n");
}

TEST(TrustAnchors, TheSystemsStoreCounts) {
  CertificateFiles files;
  files.arrange(files.ca.intermediate.leaf({"chat.test"}));
  const SystemRoots system(files.folder.write("store.pem", files.roots));
  files.roots = TestCertificate::root("Another").pem();
  EXPECT_TRUE(files.load()) << files.told();
}

}  // namespace
}  // namespace wssgate::pki
