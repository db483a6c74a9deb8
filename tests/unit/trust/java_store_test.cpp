#include "trust/java_store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/trust/stores_fixture.h"

namespace wssgate::trust {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

namespace fs = std::filesystem;

// A keystore is a text as `keytool -list -rfc` prints it.
constexpr const char* kKeytool = R"sh(
do=$1
while [ $# -gt 0 ]; do
  case $1 in
    -keystore) keystore=$2 ;;
    -alias) alias=$2 ;;
    -file) file=$2 ;;
    -storepass) [ "$2" = changeit ] || exit 1 ;;
  esac
  shift
done
case $do in
  -list) cat "$keystore" ;;
  -importcert) { echo "Alias name: $alias"; echo "Entry type: trustedCertEntry"; cat "$file"; } >> "$keystore" ;;
  -delete) echo "$alias" >> "$keystore.deleted"; : > "$keystore" ;;
esac)sh";

class JavaStore : public StoresTest {
 protected:
  JavaStore() { places_.path = {folder_.path() + "/bin"}; }

  /// The path of its keystore.
  std::string give_jvm(const std::string& name, const std::string& script = kKeytool) const {
    folder_.write(name + "/bin/keytool",
                  "#!/bin/sh\necho \"" + name + " $*\" >> '" + calls_file() + "'\n" + script + "\n",
                  0755);
    return folder_.write(name + "/lib/security/cacerts",
                         "Your keystore contains 1 entry\n\n"
                         "Alias name: stranger\nEntry type: trustedCertEntry\n\n" +
                             stranger());
  }
};

TEST_F(JavaStore, OfJavaHomeAndOfTheKeytoolInThePathGetTheRoot) {
  const std::string home = give_jvm("jvm-17");
  const std::string in_path = give_jvm("jvm-21");
  places_.java_home = folder_.path() + "/jvm-17";
  fs::create_directories(folder_.path() + "/bin");
  fs::create_symlink("../jvm-21/bin/keytool", folder_.path() + "/bin/keytool");
  const Steps steps = install_in_java(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::done, Outcome::done));
  EXPECT_EQ(steps[0].what, home);
  EXPECT_EQ(steps[1].what, in_path);
  for (const std::string& keystore : {home, in_path}) {
    EXPECT_THAT(content(keystore), EndsWith(content(root_.file)));
  }
  EXPECT_THAT(outcomes(install_in_java(root_, places_)),
              ElementsAre(Outcome::unchanged, Outcome::unchanged));
  EXPECT_THAT(outcomes(remove_from_java(root_, places_)),
              ElementsAre(Outcome::done, Outcome::done));
  EXPECT_EQ(content(home + ".deleted"), "wssgate-dev-" + root_.fingerprint.substr(0, 16) + "\n");
  EXPECT_THAT(outcomes(remove_from_java(root_, places_)),
              ElementsAre(Outcome::unchanged, Outcome::unchanged));
}

TEST_F(JavaStore, OneJvmIsOne) {
  give_jvm("jvm");
  places_.java_home = folder_.path() + "/jvm";
  places_.path = {folder_.path() + "/jvm/bin"};
  EXPECT_EQ(install_in_java(root_, places_).size(), 1U);
}

TEST_F(JavaStore, LosesTheRootUnderWhateverAlias) {
  const std::string keystore = give_jvm("jvm");
  places_.java_home = folder_.path() + "/jvm";
  std::ofstream(keystore, std::ios::app)
      << "Alias name: debian:by hand.pem\r\nEntry type: trustedCertEntry\r\n"
      << content(root_.file);
  EXPECT_THAT(outcomes(remove_from_java(root_, places_)), ElementsAre(Outcome::done));
  EXPECT_EQ(content(keystore + ".deleted"), "debian:by hand.pem\n");
}

TEST_F(JavaStore, ThatFollowsTheSystemsIsOnlyLookedAt) {
  const std::string keystore = give_jvm("jvm");
  const std::string followed = places_.root + "/etc/ssl/certs/java/cacerts";
  fs::create_directories(fs::path(followed).parent_path());
  fs::rename(keystore, followed);
  fs::create_symlink(followed, keystore);
  std::ofstream(followed, std::ios::app) << "Alias name: debian:x\n" << content(root_.file);
  places_.java_home = folder_.path() + "/jvm";
  const Steps steps = install_in_java(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::unchanged));
  EXPECT_EQ(steps.front().what, followed + ", which follows the system's store");
}

TEST_F(JavaStore, OfTheSystemNeedsRoot) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everything";
  const std::string keystore = give_jvm("jvm");
  places_.java_home = folder_.path() + "/jvm";
  ASSERT_EQ(::chmod(keystore.c_str(), 0444), 0);
  EXPECT_THAT(outcomes(install_in_java(root_, places_)), ElementsAre(Outcome::needs_root));
}

TEST_F(JavaStore, SaysWhyKeytoolFailed) {
  give_jvm("jvm", "echo 'keytool error: password was incorrect'; exit 1");
  places_.java_home = folder_.path() + "/jvm";
  for (const Steps& steps : {install_in_java(root_, places_), remove_from_java(root_, places_)}) {
    ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::failed));
    EXPECT_THAT(steps.front().what,
                EndsWith("keytool failed: keytool error: password was incorrect"));
    EXPECT_THAT(steps.front().remedy, HasSubstr("'changeit'"));
  }
}

// JAVA_HOME may lead elsewhere by then.
TEST_F(JavaStore, OfTheSystemIsLookedAtAtUninstallWhateverTheVariables) {
  const std::string keystore = give_jvm("machine/usr/lib/jvm/jvm-17");
  places_.java_home = places_.root + "/usr/lib/jvm/jvm-17";
  EXPECT_THAT(outcomes(install_in_java(root_, places_)), ElementsAre(Outcome::done));
  places_.java_home.clear();
  const Steps steps = remove_from_java(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::done));
  EXPECT_EQ(steps.front().what, keystore);
}

TEST_F(JavaStore, LosesAgainWhatWasAnotherFileByThen) {
  const std::string swaps = "case $1 in -importcert) cp '" + folder_.write("other", stranger()) +
                            "' '" + root_.file + "' ;; esac\n";
  const std::string keystore = give_jvm("jvm", swaps + kKeytool);
  places_.java_home = folder_.path() + "/jvm";
  const Steps steps = install_in_java(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::failed));
  EXPECT_EQ(steps.front().what, root_.file + " is another file now");
  EXPECT_EQ(content(keystore + ".deleted"),
            "wssgate-dev-" + root_.fingerprint.substr(0, 16) + "\n");
}

TEST_F(JavaStore, OfSomebodyElseIsChangedAsThem) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  const std::string who = folder_.path() + "/who";
  const std::string keystore = give_jvm("jvm", "id -u >> '" + who + "'\n" + kKeytool);
  folder_.write("who", "");
  for (const std::string& file : {keystore, calls_file(), who}) {
    std::ofstream(file, std::ios::app).flush();
    ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
  }
  std::error_code error;
  for (const char* part :
       {"", "/jvm", "/jvm/lib", "/jvm/lib/security", "/certs", "/certs/dev-ca"}) {
    fs::permissions(folder_.path() + part, fs::perms(0755), error);
  }
  places_.java_home = folder_.path() + "/jvm";
  places_.is_root = true;
  EXPECT_THAT(outcomes(install_in_java(root_, places_)), ElementsAre(Outcome::done));
  EXPECT_EQ(content(who), "65534\n65534\n65534\n");
}

TEST_F(JavaStore, MayNotBeThere) {
  places_.java_home = folder_.path() + "/nothing";
  const Steps steps = install_in_java(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::absent));
  EXPECT_EQ(steps.front().what,
            "JAVA_HOME (" + places_.java_home + ") has no bin/keytool with lib/security/cacerts");
  EXPECT_THAT(outcomes(remove_from_java(root_, places_)), ElementsAre(Outcome::absent));
}

}  // namespace
}  // namespace wssgate::trust
