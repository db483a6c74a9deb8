#include "trust/system_store.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "unit/trust/stores_fixture.h"

namespace wssgate::trust {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

class SystemStore : public StoresTest {
 protected:
  SystemStore() {
    give_program("update-ca-certificates");
    fs::create_directories(store());
    places_.is_root = true;
  }

  std::string store() const { return places_.root + "/usr/local/share/ca-certificates"; }

  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(store())) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  /// As the real one does.
  std::string makes_the_bundle() const {
    return "mkdir -p '" + places_.root + "/etc/ssl/certs'\n" + "cat /dev/null '" + store() +
           "'/*.crt > '" + system_bundle(places_) + "' 2>/dev/null\nexit 0";
  }

  std::string our_name() const { return "wssgate-dev-" + root_.fingerprint.substr(0, 16) + ".crt"; }
};

TEST_F(SystemStore, GetsTheRootWhichEverybodyMayRead) {
  const mode_t before = ::umask(0077);
  const Steps steps = install_in_system(root_, places_);
  ::umask(before);
  EXPECT_THAT(outcomes(steps), ElementsAre(Outcome::done));
  const std::string file = store() + "/" + our_name();
  EXPECT_EQ(steps.front().what, file);
  EXPECT_EQ(content(file), content(root_.file));
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0644U);
  EXPECT_THAT(calls(), ElementsAre("update-ca-certificates "));
  EXPECT_EQ(system_bundle(places_), places_.root + "/etc/ssl/certs/ca-certificates.crt");
}

TEST_F(SystemStore, HasItOnceHoweverOftenItIsPutThere) {
  install_in_system(root_, places_);
  EXPECT_THAT(outcomes(install_in_system(root_, places_)), ElementsAre(Outcome::unchanged));
  EXPECT_THAT(files(), ElementsAre(our_name()));
  // An update that was cut short the first time is made up for.
  EXPECT_EQ(calls().size(), 2U);
}

TEST_F(SystemStore, IsNotTouchedByWhoIsNotRoot) {
  places_.is_root = false;
  EXPECT_THAT(outcomes(install_in_system(root_, places_)), ElementsAre(Outcome::needs_root));
  EXPECT_THAT(files(), IsEmpty());
  places_.is_root = true;
  install_in_system(root_, places_);
  places_.is_root = false;
  EXPECT_THAT(outcomes(install_in_system(root_, places_)), ElementsAre(Outcome::unchanged));
  EXPECT_THAT(outcomes(remove_from_system(root_, places_)), ElementsAre(Outcome::needs_root));
  EXPECT_EQ(calls().size(), 1U);
}

TEST_F(SystemStore, LosesTheRootUnderWhateverNameAndNothingElse) {
  const auto ours = content(root_.file);
  const auto put = [&](const std::string& name, const std::string& text) {
    std::ofstream(store() + "/" + name) << text;
  };
  install_in_system(root_, places_);
  put("copied-by-hand.crt", "# a comment before it\n" + ours);
  put("stranger.crt", stranger());
  put("bundle.crt", ours + stranger());
  put("wssgate-dev-0123456789abcdef.crt", stranger());
  put("no-certificate.crt", "rubbish");
  const Steps steps = remove_from_system(root_, places_);
  EXPECT_THAT(outcomes(steps), ElementsAre(Outcome::done, Outcome::done));
  EXPECT_THAT(files(), ElementsAre("bundle.crt", "no-certificate.crt", "stranger.crt",
                                   "wssgate-dev-0123456789abcdef.crt"));
  EXPECT_EQ(calls().back(), "update-ca-certificates --fresh");
  EXPECT_THAT(outcomes(remove_from_system(root_, places_)), ElementsAre(Outcome::unchanged));
  EXPECT_EQ(calls().size(), 2U);
}

TEST_F(SystemStore, SaysWhyAnUpdateFailed) {
  give_program("update-ca-certificates", "echo 'no space left' >&2; exit 1");
  const Steps steps = install_in_system(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::failed));
  EXPECT_THAT(steps.front().what, HasSubstr("/update-ca-certificates failed: no space left"));
  EXPECT_THAT(steps.front().remedy, HasSubstr("as root"));
}

// The bundle is what counts, and a failed update leaves it as it was.
TEST_F(SystemStore, AnUpdateThatFailedIsMadeUpForAtUninstall) {
  give_program("update-ca-certificates", makes_the_bundle());
  EXPECT_THAT(outcomes(install_in_system(root_, places_)), ElementsAre(Outcome::done));
  give_program("update-ca-certificates", "exit 1");
  EXPECT_THAT(outcomes(remove_from_system(root_, places_)),
              ElementsAre(Outcome::done, Outcome::failed));
  EXPECT_THAT(files(), IsEmpty());
  EXPECT_THAT(outcomes(remove_from_system(root_, places_)), ElementsAre(Outcome::failed));
  places_.is_root = false;
  Steps steps = remove_from_system(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::needs_root));
  EXPECT_EQ(steps.front().what, system_bundle(places_) + " still has it");
  places_.is_root = true;
  give_program("update-ca-certificates", makes_the_bundle());
  EXPECT_THAT(outcomes(remove_from_system(root_, places_)), ElementsAre(Outcome::done));
  EXPECT_EQ(calls().back(), "update-ca-certificates --fresh");
  EXPECT_THAT(outcomes(remove_from_system(root_, places_)), ElementsAre(Outcome::unchanged));
}

TEST_F(SystemStore, AnUpdateThatFailedIsNoInstallation) {
  folder_.write("machine/etc/ssl/certs/ca-certificates.crt", stranger());
  give_program("update-ca-certificates", "exit 1");
  EXPECT_THAT(outcomes(install_in_system(root_, places_)), ElementsAre(Outcome::failed));
  places_.is_root = false;
  const Steps steps = install_in_system(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::needs_root));
  EXPECT_EQ(steps.front().what, system_bundle(places_) + " has not got it yet");
  places_.is_root = true;
  give_program("update-ca-certificates", makes_the_bundle());
  EXPECT_THAT(outcomes(install_in_system(root_, places_)), ElementsAre(Outcome::unchanged));
  places_.is_root = false;
  EXPECT_THAT(outcomes(install_in_system(root_, places_)), ElementsAre(Outcome::unchanged));
}

TEST_F(SystemStore, SaysThatItStillTrustsTheRoot) {
  give_program("update-ca-certificates", makes_the_bundle());
  install_in_system(root_, places_);
  std::ofstream(store() + "/several.crt") << content(root_.file) << stranger();
  const Steps steps = remove_from_system(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::done, Outcome::failed));
  EXPECT_THAT(steps.back().what, HasSubstr("still has it: from another file"));
}

TEST_F(SystemStore, SaysThatARootCannotBeRead) {
  fs::remove(root_.file);
  const Steps steps = install_in_system(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::failed));
  EXPECT_THAT(steps.front().what, HasSubstr(root_.file + ": No such file"));
}

TEST_F(SystemStore, MayBeAnotherDistributions) {
  struct Row {
    const char* folder;
    const char* program;
    const char* call;
  };
  for (const Row& row :
       {Row{"/etc/pki/ca-trust/source/anchors", "update-ca-trust", "extract"},
        Row{"/etc/ca-certificates/trust-source/anchors", "trust", "extract-compat"},
        Row{"/etc/pki/trust/anchors", "update-ca-certificates", ""}}) {
    fs::remove_all(places_.root);
    fs::create_directories(places_.root + row.folder);
    give_program(row.program);
    const Steps steps = install_in_system(root_, places_);
    EXPECT_THAT(outcomes(steps), ElementsAre(Outcome::done));
    EXPECT_EQ(steps.front().what, places_.root + row.folder + "/" + our_name());
    EXPECT_EQ(calls().back(), std::string(row.program) + " " + row.call);
    EXPECT_THAT(outcomes(remove_from_system(root_, places_)), ElementsAre(Outcome::done));
  }
}

TEST_F(SystemStore, MayLackTheFolderThatItsProgramReads) {
  fs::remove_all(places_.root);
  const Steps steps = install_in_system(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::failed));
  EXPECT_EQ(steps.front().what, "update-ca-certificates is here, but not the folder it reads");
  EXPECT_THAT(steps.front().remedy, HasSubstr("make it and try again"));
}

TEST_F(SystemStore, MayNotBeThere) {
  fs::remove_all(places_.root);
  places_.path.clear();
  EXPECT_THAT(outcomes(install_in_system(root_, places_)), ElementsAre(Outcome::absent));
  EXPECT_THAT(outcomes(remove_from_system(root_, places_)), ElementsAre(Outcome::absent));
  EXPECT_EQ(system_bundle(places_), "");
}

}  // namespace
}  // namespace wssgate::trust
