#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "pki/certificate.h"
#include "unit/pki/certificate_files.h"

namespace wssgate::pki {
namespace {

TEST(FindCertificates, LooksIntoTheFolderAndItsSubfolders) {
  test::TempFolder folder;
  for (const char* name : {"", "b/", "a/", ".hidden/", "a/deeper/"}) {
    folder.write(std::string(name) + "fullchain.pem", "x");
    folder.write(std::string(name) + "privkey.pem", "x");
  }
  folder.write("notes/README", "x");
  std::filesystem::create_directory_symlink(folder.path() + "/b", folder.path() + "/link");
  Report report;
  std::vector<std::string> found;
  for (const auto& source : find_certificates({folder.path(), {"wssgate.yaml", 3, 4}}, report)) {
    found.push_back(source.chain_file.substr(folder.path().size()));
    EXPECT_EQ(source.key_file, std::filesystem::path(source.chain_file).parent_path() /
                                   std::filesystem::path("privkey.pem"));
    EXPECT_EQ(source.named_at.line, 3);
  }
  EXPECT_THAT(found, testing::ElementsAre("/fullchain.pem", "/a/fullchain.pem", "/b/fullchain.pem",
                                          "/link/fullchain.pem"));
  EXPECT_TRUE(report.ok()) << report.text();
}

TEST(FindCertificates, TakesASecretOfKubernetes) {
  test::TempFolder folder;
  folder.write("chat/tls.crt", "x");
  folder.write("chat/tls.key", "x");
  folder.write("half/tls.crt", "x");
  Report report;
  const auto sources = find_certificates({folder.path(), {"wssgate.yaml", 3, 4}}, report);
  ASSERT_EQ(sources.size(), 1U);
  EXPECT_EQ(sources[0].chain_file, folder.path() + "/chat/tls.crt");
  EXPECT_EQ(sources[0].key_file, folder.path() + "/chat/tls.key");
  EXPECT_THAT(report.text(), testing::HasSubstr("/half' has tls.crt but no tls.key. put both"));
}

TEST(FindCertificates, HalfAPairIsAProblem) {
  test::TempFolder folder;
  folder.write("a/fullchain.pem", "x");
  folder.write("b/privkey.pem", "x");
  Report report;
  EXPECT_TRUE(find_certificates({folder.path(), {"wssgate.yaml", 3, 4}}, report).empty());
  EXPECT_EQ(test::CertificateFiles::replace_all(report.text(), folder.path(), "DIR"),
            "wssgate.yaml:3:4: 'DIR/a' has fullchain.pem but no privkey.pem. put both there, or "
            "move the folder away.\n"
            "wssgate.yaml:3:4: 'DIR/b' has privkey.pem but no fullchain.pem. put both there, or "
            "move the folder away.\n");
}

TEST(FindCertificates, AFolderThatIsNotThereIsAProblem) {
  Report report;
  EXPECT_TRUE(find_certificates({"/nowhere", {"wssgate.yaml", 3, 4}}, report).empty());
  EXPECT_EQ(report.text(),
            "wssgate.yaml:3:4: cannot read the folder '/nowhere': No such file or directory. name "
            "a folder that wssgate's user may read.\n");
}

}  // namespace
}  // namespace wssgate::pki
