#include "trust/places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "support/temp_folder.h"

namespace wssgate::trust {
namespace {

/// Sets variables of the environment, and has them as they were at its end.
class Variables {
 public:
  explicit Variables(const std::map<std::string, std::optional<std::string>>& wanted) {
    for (const auto& [name, value] : wanted) {
      const char* const before = std::getenv(name.c_str());
      before_[name] = before == nullptr ? std::nullopt : std::optional<std::string>(before);
      set(name, value);
    }
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;
  ~Variables() {
    for (const auto& [name, value] : before_) set(name, value);
  }

 private:
  static void set(const std::string& name, const std::optional<std::string>& value) {
    if (value) {
      ::setenv(name.c_str(), value->c_str(), 1);
    } else {
      ::unsetenv(name.c_str());
    }
  }

  std::map<std::string, std::optional<std::string>> before_;
};

TEST(Places, AreThoseOfTheEnvironment) {
  const Variables variables({{"HOME", "/a home"},
                             {"XDG_DATA_HOME", "/data"},
                             {"XDG_CONFIG_HOME", std::nullopt},
                             {"JAVA_HOME", "/jvm"},
                             {"PATH", "/one:relative::/two"},
                             {"SUDO_UID", std::nullopt}});
  const Places places = Places::of_this_process();
  EXPECT_EQ(places.home, "/a home");
  EXPECT_EQ(places.data_home, "/data");
  EXPECT_EQ(places.config_home, "/a home/.config");
  EXPECT_EQ(places.java_home, "/jvm");
  EXPECT_THAT(places.path,
              testing::ElementsAre("/one", "/two", "/usr/local/sbin", "/usr/sbin", "/sbin"));
  EXPECT_EQ(places.is_root, ::geteuid() == 0);
  EXPECT_FALSE(places.caller);
}

TEST(Places, UnderSudoAreTheCallers) {
  const passwd* const nobody = ::getpwnam("nobody");
  ASSERT_NE(nobody, nullptr);
  const std::string home = nobody->pw_dir;
  const Variables variables({{"HOME", "/a home"},
                             {"XDG_DATA_HOME", "/data"},
                             {"SUDO_UID", std::to_string(nobody->pw_uid)},
                             {"SUDO_GID", std::to_string(nobody->pw_gid)},
                             {"SUDO_USER", "nobody"}});
  const Places places = Places::of_this_process();
  if (::geteuid() != 0) {  // sudo to another user than root, or variables that were left over
    EXPECT_FALSE(places.caller);
    EXPECT_EQ(places.home, "/a home");
    return;
  }
  ASSERT_TRUE(places.caller);
  EXPECT_EQ(places.caller->user, 65534U);
  EXPECT_EQ(places.home, home);
  EXPECT_EQ(places.data_home, home + "/.local/share");
}

TEST(Places, NobodyIsActedForWhoCannotBeTold) {
  for (const char* user : {"0", "", "nobody", "65534x", "-1"}) {
    const Variables variables({{"HOME", "/a home"}, {"SUDO_UID", user}, {"SUDO_GID", "65534"}});
    const Places places = Places::of_this_process();
    EXPECT_FALSE(places.caller) << user;
    EXPECT_EQ(places.home, "/a home") << user;
  }
}

TEST(Places, AProgramIsAFileThatMayBeRun) {
  const test::TempFolder folder;
  Places places;
  for (const char* name : {"no-file", "no-program", "program"}) {
    places.path.push_back(folder.path() + "/" + name);
  }
  std::filesystem::create_directories(folder.path() + "/no-file/tool");
  folder.write("no-program/tool", "", 0644);
  EXPECT_EQ(places.find_program("tool"), "");
  const std::string program = folder.write("program/tool", "", 0755);
  EXPECT_EQ(places.find_program("tool"), program);
}

}  // namespace
}  // namespace wssgate::trust
