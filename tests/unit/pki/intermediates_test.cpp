#include <gtest/gtest.h>

#include <functional>
#include <ostream>

#include "unit/pki/certificate_files.h"

// The folder of certificates.intermediates, and the chains that are completed from it.
namespace wssgate::pki {
namespace {

using test::CertificateFiles;
using test::CertificateOptions;
using test::day;
using test::pem_of;
using test::TestCertificate;

constexpr const char* kCompleteIt =
    " give the CA's fullchain.pem, so that the file is complete by itself.\n";

CertificateOptions for_ca(const char* name) {
  CertificateOptions options;
  options.common_name = name;
  options.is_ca = true;
  options.extended_key_usage.clear();
  return options;
}

void leaf_only(CertificateFiles& files, const TestCertificate& leaf) {
  files.chain = leaf.pem();
  files.key = leaf.key_pem();
}

TEST(Intermediates, CompleteAChainThatLacksOne) {
  CertificateFiles files;
  leaf_only(files, files.ca.intermediate.leaf({"chat.test"}));
  files.intermediates["issuing.pem"] = files.ca.intermediate.pem();
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  ASSERT_EQ(certificate->intermediates.size(), 1U);
  EXPECT_EQ(X509_cmp(certificate->intermediates[0].get(), files.ca.intermediate.certificate()), 0);
  EXPECT_EQ(X509_cmp(certificate->issuer.get(), files.ca.intermediate.certificate()), 0);
  EXPECT_EQ(files.told(), std::string("DIR/fullchain.pem:1:1: warning: intermediate 'Test "
                                      "Intermediate' is missing; completed from "
                                      "DIR/intermediates/issuing.pem.") +
                              kCompleteIt);
}

// The second from the pool, the third from the file, the fourth from the pool again.
TEST(Intermediates, CompleteWhereverOneIsMissing) {
  CertificateFiles files;
  const auto third = files.ca.intermediate.intermediate("Third");
  const auto second = third.intermediate("Second");
  const auto leaf = second.leaf({"chat.test"});
  files.chain = pem_of({&leaf, &third});
  files.key = leaf.key_pem();
  const auto stranger = TestCertificate::root("Stranger").intermediate("Second");
  files.intermediates["all.crt"] = pem_of({&stranger, &files.ca.intermediate, &second});
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  ASSERT_EQ(certificate->intermediates.size(), 3U);
  EXPECT_EQ(X509_cmp(certificate->intermediates[0].get(), second.certificate()), 0);
  EXPECT_EQ(X509_cmp(certificate->intermediates[1].get(), third.certificate()), 0);
  EXPECT_EQ(X509_cmp(certificate->intermediates[2].get(), files.ca.intermediate.certificate()), 0);
  EXPECT_EQ(
      files.told(),
      files.with_lines(std::string("DIR/fullchain.pem:$1:1: warning: intermediate 'Second' is "
                                   "missing; completed from DIR/intermediates/all.crt.") +
                       kCompleteIt +
                       "DIR/fullchain.pem:$2:1: warning: intermediate 'Test Intermediate' is "
                       "missing; completed from DIR/intermediates/all.crt." +
                       kCompleteIt));
}

TEST(Intermediates, AreNotAskedWhereTheFileIsComplete) {
  CertificateFiles files;
  files.arrange(files.ca.intermediate.leaf({"chat.test"}));
  // The root's key, certified by an older root: nothing that a complete chain needs.
  const auto cross =
      TestCertificate::root("Old Root").issue_for(files.ca.root, for_ca("Test Root"));
  files.intermediates["cross.pem"] = cross.pem() + files.ca.intermediate.pem();
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  EXPECT_EQ(certificate->intermediates.size(), 1U);
  EXPECT_EQ(files.told(), "");
}

// Two certificates of one CA: only one of them leads to a root that is trusted.
TEST(Intermediates, TheOneBelowATrustedRootIsTaken) {
  CertificateFiles files;
  auto longer = for_ca("Test Intermediate");
  longer.not_after = day(2050, 1, 1);
  const auto twin = TestCertificate::root("Other Root").issue_for(files.ca.intermediate, longer);
  leaf_only(files, files.ca.intermediate.leaf({"chat.test"}));
  files.intermediates["a.pem"] = pem_of({&twin, &files.ca.intermediate});
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  EXPECT_EQ(X509_cmp(certificate->intermediates[0].get(), files.ca.intermediate.certificate()), 0);
}

TEST(Intermediates, OfTwoThatFitTheOneThatEndsLastIsTaken) {
  CertificateFiles files;
  auto options = for_ca("Test Intermediate");
  options.not_after = day(2026, 12, 1);
  const auto sooner = files.ca.root.issue_for(files.ca.intermediate, options);
  options.not_after = day(2026, 5, 1);
  const auto over = files.ca.root.issue_for(files.ca.intermediate, options);
  leaf_only(files, files.ca.intermediate.leaf({"chat.test"}));
  files.intermediates["a.pem"] = pem_of({&over, &sooner, &files.ca.intermediate});
  const auto certificate = files.load();
  ASSERT_TRUE(certificate) << files.told();
  EXPECT_EQ(X509_cmp(certificate->intermediates[0].get(), files.ca.intermediate.certificate()), 0);
}

TEST(Intermediates, ThatNoRootIsAboveCompleteNothing) {
  CertificateFiles files;
  leaf_only(files, files.ca.intermediate.leaf({"chat.test"}));
  files.intermediates["a.pem"] = files.ca.intermediate.pem();
  files.roots = TestCertificate::root("Another Root").pem();
  EXPECT_FALSE(files.load());
  EXPECT_EQ(
      files.told(),
      std::string("DIR/fullchain.pem:1:1: warning: intermediate 'Test Intermediate' is "
                  "missing; completed from DIR/intermediates/a.pem.") +
          kCompleteIt +
          "DIR/fullchain.pem:1:1: the chain stops at 'Test Intermediate': its issuer 'Test "
          "Root' is neither in this file nor a trusted root. if 'Test Root' is your own root, "
          "name its file under certificates.roots; if it is an intermediate, your CA's "
          "fullchain.pem has it.\n");
}

TEST(Intermediates, HaveTheNameAndTheKey) {
  CertificateFiles files;
  leaf_only(files, files.ca.intermediate.leaf({"chat.test"}));
  files.intermediates["a.pem"] = files.ca.root.intermediate("Test Intermediate").pem();
  EXPECT_FALSE(files.load());
  EXPECT_EQ(
      files.told(),
      "DIR/fullchain.pem:1:1: intermediate 'Test Intermediate' is missing: the file holds the "
      "server's certificate alone. your CA's fullchain.pem has it; if 'Test Intermediate' is "
      "your own root, name its file under certificates.roots.\n");
}

// What the chain breaks is told at the chain's file.
TEST(Intermediates, AreHeldToTheirConstraints) {
  CertificateFiles files;
  auto options = for_ca("Narrow CA");
  options.path_length = 0;
  const auto upper = files.ca.root.issue(options);
  const auto lower = upper.intermediate("Lower CA");
  const auto leaf = lower.leaf({"chat.test"});
  files.chain = pem_of({&leaf, &lower});
  files.key = leaf.key_pem();
  files.intermediates["a.pem"] = upper.pem();
  EXPECT_FALSE(files.load());
  EXPECT_EQ(files.told(),
            files.with_lines(
                std::string("DIR/fullchain.pem:$2:1: warning: intermediate 'Narrow CA' is missing; "
                            "completed from DIR/intermediates/a.pem.") +
                kCompleteIt +
                "DIR/fullchain.pem:$2:1: 'Narrow CA' permits fewer intermediates below it than "
                "there are. get a certificate from a CA that may issue it.\n"));
}

TEST(Intermediates, OneOutOfDateIsNamedWhereItIsMissed) {
  CertificateFiles files;
  auto options = for_ca("Old CA");
  options.not_after = day(2025, 1, 1);
  const auto intermediate = files.ca.root.issue(options);
  leaf_only(files, intermediate.leaf({"chat.test"}));
  files.intermediates["old.pem"] = intermediate.pem();
  EXPECT_FALSE(files.load());
  EXPECT_EQ(
      files.told(),
      "DIR/fullchain.pem:1:1: intermediate 'Old CA' is missing: the file holds the server's "
      "certificate alone, and the one in DIR/intermediates/old.pem is not fit to complete it. "
      "your CA's fullchain.pem has it; if 'Old CA' is your own root, name its file under "
      "certificates.roots.\n"
      "DIR/intermediates/old.pem:1:1: warning: 'Old CA' expired at 2025-01-01T00:00:00Z, and "
      "completes no chain. remove it, or put the CA's present intermediate there.\n");
}

TEST(Intermediates, CrossSignedInACircleEndTheWalk) {
  CertificateFiles files;
  const auto a = TestCertificate::root("A");
  const auto b = TestCertificate::root("B");
  const auto a_by_b = b.issue_for(a, for_ca("A"));
  const auto b_by_a = a.issue_for(b, for_ca("B"));
  leaf_only(files, a.leaf({"chat.test"}));
  files.intermediates["circle.pem"] = pem_of({&a_by_b, &b_by_a});
  EXPECT_FALSE(files.load());
}

/// A folder as it should not be, and exactly what the operator is told. DIR is the folder.
struct Folder {
  const char* name;
  std::function<void(CertificateFiles&)> arrange;
  const char* told;
};

std::ostream& operator<<(std::ostream& out, const Folder& folder) { return out << folder.name; }

const std::vector<Folder>& folders() {
  static const std::vector<Folder> all = {
      {"WithOtherFiles",
       [](CertificateFiles& files) {
         files.intermediates["README"] = "not a certificate";
         files.intermediates["..data.pem"] = "hidden";
         files.intermediates["a.pem"] = files.ca.intermediate.pem();
       },
       ""},
      {"WithoutAny",
       [](CertificateFiles& files) {
         files.intermediates["r11.der"] = files.ca.intermediate.der();
       },
       "wssgate.yaml:3:3: warning: the folder of intermediates 'DIR' has no *.pem or *.crt file. "
       "put the PEM certificates of intermediates there, or leave the key out.\n"},
      {"WithARoot",
       [](CertificateFiles& files) {
         files.intermediates["a.pem"] = files.ca.root.pem() + files.ca.intermediate.pem();
       },
       "DIR/a.pem:1:1: 'Test Root' is a root, not an intermediate. remove it here; if it is your "
       "own root, name its file under certificates.roots.\n"},
      {"WithALeaf",
       [](CertificateFiles& files) {
         files.intermediates["a.crt"] = files.ca.intermediate.leaf({"chat.test"}).pem();
       },
       "DIR/a.crt:1:1: 'chat.test' is no certificate authority (basicConstraints CA, keyUsage "
       "keyCertSign). only intermediates belong here; a server's certificate goes into a folder of "
       "certificates.folders.\n"},
      {"WithDer",
       [](CertificateFiles& files) { files.intermediates["a.crt"] = files.ca.intermediate.der(); },
       "DIR/a.crt: this is a DER certificate, not PEM. only PEM certificates of intermediates "
       "belong here; one in DER (as CAs publish them) becomes one with: openssl x509 -inform der "
       "-in DIR/a.crt.\n"},
      {"WithDamage",
       [](CertificateFiles& files) {
         files.intermediates["a.pem"] =
             "\n-----BEGIN CERTIFICATE-----\nMIH=\n-----END CERTIFICATE-----\n";
       },
       "DIR/a.pem:2:1: the certificate is damaged: its PEM block does not decode. copy the whole "
       "file again.\n"},
      {"WithAFolderCalledLikeAFile",
       [](CertificateFiles& files) { files.intermediates["a.pem/x"] = ""; },
       "DIR/a.pem: cannot read the intermediate: Is a directory. see that wssgate's user may read "
       "it, or move it away.\n"},
      {"WithAnEmptyFile", [](CertificateFiles& files) { files.intermediates["a.pem"] = ""; },
       "DIR/a.pem: the file is empty. only PEM certificates of intermediates belong here; one in "
       "DER (as CAs publish them) becomes one with: openssl x509 -inform der -in DIR/a.pem.\n"},
      {"WithAWeakOne",
       [](CertificateFiles& files) {
         auto options = for_ca("Weak CA");
         options.key = test::TestKey::rsa1024;
         files.intermediates["a.pem"] = files.ca.root.issue(options).pem();
       },
       "DIR/a.pem:1:1: the key of 'Weak CA' is too weak or not widely accepted: RSA 1024. take the "
       "present fullchain.pem from the CA.\n"},
      {"WithOneForMail",
       [](CertificateFiles& files) {
         auto options = for_ca("Mail CA");
         options.extended_key_usage = "emailProtection";
         files.intermediates["a.pem"] = files.ca.root.issue(options).pem();
       },
       "DIR/a.pem:1:1: 'Mail CA' is a certificate authority, but not one for servers. get a "
       "certificate from a CA for TLS servers.\n"},
      {"WithOneThatEndsSoon",
       [](CertificateFiles& files) {
         auto options = for_ca("Old CA");
         options.not_after = day(2026, 6, 6);
         files.intermediates["a.pem"] = files.ca.root.issue(options).pem();
       },
       "DIR/a.pem:1:1: warning: 'Old CA' expires at 2026-06-06T00:00:00Z, in 5 days. take the "
       "present fullchain.pem from the CA.\n"},
      {"WithOneNotYetValid",
       [](CertificateFiles& files) {
         auto options = for_ca("New CA");
         options.not_before = day(2026, 6, 6);
         files.intermediates["a.pem"] = files.ca.root.issue(options).pem();
       },
       "DIR/a.pem:1:1: warning: 'New CA' is not valid before 2026-06-06T00:00:00Z, and completes "
       "no "
       "chain. check this machine's clock.\n"},
  };
  return all;
}

class IntermediatesFolder : public testing::TestWithParam<Folder> {};

TEST_P(IntermediatesFolder, IsJudged) {
  CertificateFiles files;
  GetParam().arrange(files);
  files.trust();
  EXPECT_EQ(CertificateFiles::replace_all(files.report.text(),
                                          files.folder.path() + "/intermediates", "DIR"),
            GetParam().told);
}

INSTANTIATE_TEST_SUITE_P(All, IntermediatesFolder, testing::ValuesIn(folders()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST(IntermediatesFolder, ThatIsNotThereIsAProblemOfTheConfiguration) {
  Report report;
  Intermediates::load({"/nowhere", {"wssgate.yaml", 3, 18}}, day(2026, 6, 1), report);
  EXPECT_EQ(
      report.text(),
      "wssgate.yaml:3:18: cannot read the folder of intermediates '/nowhere': No such file or "
      "directory. name a folder that wssgate's user may read.\n");
}

}  // namespace
}  // namespace wssgate::pki
