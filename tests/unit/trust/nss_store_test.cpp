#include "trust/nss_store.h"

#include <gmock/gmock.h>

#include "unit/trust/stores_fixture.h"

namespace wssgate::trust {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace fs = std::filesystem;

// A database is a folder with the one certificate that it holds, and under which name.
constexpr const char* kCertutil = R"sh(
db=${2#sql:}
case "$3 $4" in
  "-N --empty-password") : > "$db/cert9.db" ;;
  "-A -t") cp "$9" "$db/held"; echo "$7" > "$db/name"; echo "$5" > "$db/flags" ;;
  "-L -n") [ -e "$db/held" ] && [ "$5" = "$(cat "$db/name")" ] && cat "$db/held" ;;
  "-L ") [ ! -e "$db/held" ] || echo "$(cat "$db/name")      $(cat "$db/flags")  " ;;
  "-D -n") rm "$db/held" ;;
esac)sh";

class NssStore : public StoresTest {
 protected:
  NssStore() { places_.path = {folder_.path() + "/bin", folder_.path() + "/coreutils"}; }

  std::string give_database(const std::string& folder) const {
    folder_.write("home/" + folder + "/cert9.db", "");
    return places_.home + "/" + folder;
  }
};

TEST_F(NssStore, EveryDatabaseOfTheUsersGetsTheRoot) {
  give_program("certutil", kCertutil);
  const std::vector<std::string> folders = {
      give_database(".pki/nssdb"),
      give_database(".local/share/pki/nssdb"),
      give_database(".mozilla/firefox/a1b2.default"),
      give_database(".mozilla/firefox/with space"),
      give_database(".config/mozilla/firefox/c3d4.default"),
      give_database("snap/chromium/current/.pki/nssdb"),
      give_database("snap/firefox/common/.mozilla/firefox/e5.default"),
      give_database(".var/app/com.google.Chrome/.pki/nssdb"),
      give_database(".var/app/org.mozilla.firefox/.mozilla/firefox/f6.default")};
  fs::create_directories(places_.home + "/.mozilla/firefox/Crash Reports");
  const Steps steps = install_in_nss(root_, places_);
  std::vector<std::string> browsers;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(steps[i].outcome, Outcome::done) << steps[i].what;
    browsers.push_back(steps[i].store);
  }
  EXPECT_THAT(browsers, ElementsAre("Chromium", "Chromium", "Firefox", "Firefox", "Firefox",
                                    "Chromium", "Firefox", "Chromium", "Firefox"));
  for (const std::string& folder : folders) {
    EXPECT_EQ(content(folder + "/held"), content(root_.file)) << folder;
    EXPECT_EQ(content(folder + "/flags"), "C,,\n") << "a CA for servers, and for nothing else";
    EXPECT_EQ(content(folder + "/name"), root_.label + "\n");
  }
  for (const Step& step : install_in_nss(root_, places_)) {
    EXPECT_EQ(step.outcome, Outcome::unchanged) << step.what;
  }
  for (const Step& step : remove_from_nss(root_, places_)) {
    EXPECT_EQ(step.outcome, Outcome::done) << step.what;
    EXPECT_FALSE(fs::exists(step.what + "/held"));
  }
  for (const Step& step : remove_from_nss(root_, places_)) {
    EXPECT_EQ(step.outcome, Outcome::unchanged) << step.what;
  }
}

TEST_F(NssStore, TrustThatWasTakenAwayIsGivenAgain) {
  give_program("certutil", kCertutil);
  const std::string database = give_database(".pki/nssdb");
  install_in_nss(root_, places_);
  folder_.write("home/.pki/nssdb/flags", ",,\n");
  EXPECT_THAT(outcomes(install_in_nss(root_, places_)), ElementsAre(Outcome::done));
  EXPECT_EQ(content(database + "/flags"), "C,,\n");
}

TEST_F(NssStore, WhatHasOurNameButIsAnotherCertificateStays) {
  give_program("certutil", kCertutil);
  const std::string database = give_database(".pki/nssdb");
  const auto other =
      pki::ensure_dev_ca(folder_.path() + "/other", {}, std::chrono::system_clock::now());
  folder_.write("home/.pki/nssdb/held", content(other.value().root.file));
  folder_.write("home/.pki/nssdb/name", root_.label);
  EXPECT_THAT(outcomes(remove_from_nss(root_, places_)), ElementsAre(Outcome::unchanged));
  EXPECT_TRUE(fs::exists(database + "/held"));
}

TEST_F(NssStore, IsFoundUnderWhateverNameItWasImported) {
  give_program("certutil", kCertutil);
  const std::string database = give_database(".pki/nssdb");
  folder_.write("home/.pki/nssdb/held", content(root_.file));
  folder_.write("home/.pki/nssdb/name", "my own CA, by hand");
  folder_.write("home/.pki/nssdb/flags", "CT,C,C");
  EXPECT_THAT(outcomes(install_in_nss(root_, places_)), ElementsAre(Outcome::unchanged));
  EXPECT_THAT(outcomes(remove_from_nss(root_, places_)), ElementsAre(Outcome::done));
  EXPECT_FALSE(fs::exists(database + "/held"));
}

TEST_F(NssStore, AnotherCertificateOfTheSameNameIsNotPutAtRisk) {
  give_program("certutil", kCertutil);
  const std::string database = give_database(".pki/nssdb");
  folder_.write("home/.pki/nssdb/held", stranger() + content(root_.file));
  folder_.write("home/.pki/nssdb/name", "shared");
  folder_.write("home/.pki/nssdb/flags", "C,,");
  const Steps steps = remove_from_nss(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::failed));
  EXPECT_THAT(steps.front().what, HasSubstr("other certificates share its name, 'shared'"));
  EXPECT_TRUE(fs::exists(database + "/held"));
}

TEST_F(NssStore, AChromiumThatHasNeverRunGetsADatabase) {
  give_program("certutil", kCertutil);
  folder_.write("coreutils/mkdir", "#!/bin/sh\nexec /bin/mkdir \"$@\"\n", 0755);
  EXPECT_THAT(outcomes(install_in_nss(root_, places_)), ElementsAre(Outcome::absent));
  give_program("google-chrome");
  const Steps steps = install_in_nss(root_, places_);
  EXPECT_THAT(outcomes(steps), ElementsAre(Outcome::done));
  EXPECT_EQ(steps.front().what, places_.home + "/.pki/nssdb");
  EXPECT_TRUE(fs::exists(places_.home + "/.pki/nssdb/held"));
  for (const std::string& call : calls()) EXPECT_THAT(call, Not(HasSubstr("google-chrome")));
}

TEST_F(NssStore, SaysWhichPackageHasCertutil) {
  EXPECT_THAT(outcomes(install_in_nss(root_, places_)), ElementsAre(Outcome::absent));
  give_database(".mozilla/firefox/a1b2.default");
  for (const Steps& steps : {install_in_nss(root_, places_), remove_from_nss(root_, places_)}) {
    ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::failed));
    EXPECT_THAT(steps.front().remedy, HasSubstr("libnss3-tools"));
  }
}

TEST_F(NssStore, OneDatabaseThatRefusesKeepsNothingOutOfTheOthers) {
  give_program("certutil", std::string("case $2 in *locked) echo 'certutil: SEC_ERROR_BUSY'; exit "
                                       "255 ;; esac\n") +
                               kCertutil);
  give_database(".mozilla/firefox/a.locked");
  const std::string fine = give_database(".mozilla/firefox/b.default");
  const Steps steps = install_in_nss(root_, places_);
  ASSERT_THAT(outcomes(steps), ElementsAre(Outcome::failed, Outcome::done));
  EXPECT_THAT(steps.front().what, HasSubstr("a.locked: certutil failed: certutil: SEC_ERROR_BUSY"));
  EXPECT_THAT(steps.front().remedy, Not(IsEmpty()));
  EXPECT_TRUE(fs::exists(fine + "/held"));
}

}  // namespace
}  // namespace wssgate::trust
