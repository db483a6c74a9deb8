#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "support/temp_folder.h"

/// Which writer has which log.
namespace wssgate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_a_line_to_each() {
  const log::Field field{"text", "x"};
  log::error("an_error", "of the process");
  log::access("a_request", &field, 1);
}

/// What each writer has, by the counts of lost lines.
std::vector<std::string> writers() {
  std::vector<std::string> all;
  for (const log::Dropped& dropped : log::dropped()) all.emplace_back(dropped.log);
  return all;
}

class LogOutputs : public testing::Test {
 protected:
  void configure(const std::string& output, const std::string& access) {
    log::Settings settings;
    settings.output = output;
    settings.access = access;
    log::configure(settings);
    configured_ = true;
  }
  void end() {
    if (!std::exchange(configured_, false)) return;
    EXPECT_TRUE(log::shutdown());
  }
  void TearDown() override { end(); }

  const test::TempFolder folder_;
  const std::string file_ = folder_.path() + "/log";
  bool configured_ = false;
};

TEST_F(LogOutputs, OfOneFileByOtherNamesHaveOneWriter) {
  std::filesystem::create_directory(folder_.path() + "/a");
  folder_.write("log", "");
  std::filesystem::create_symlink(file_, folder_.path() + "/symlink");
  std::filesystem::create_hard_link(file_, folder_.path() + "/hardlink");
  for (const char* const name : {"/log", "/a/../log", "/symlink", "/hardlink"}) {
    configure(file_, folder_.path() + name);
    EXPECT_THAT(writers(), ElementsAre("both")) << name;
    end();
  }
  configure(file_, folder_.path() + "/other");
  EXPECT_THAT(writers(), ElementsAre("operational", "access"));
}

TEST_F(LogOutputs, OfAFileThatIsNotYetThereHaveOneWriter) {
  std::filesystem::create_symlink(file_, folder_.path() + "/symlink");
  configure(folder_.path() + "/symlink", file_);
  EXPECT_THAT(writers(), ElementsAre("both"));
}

TEST_F(LogOutputs, OfOneFifoHaveOneWriter) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  configure(file_, folder_.path() + "/./log");
  EXPECT_THAT(writers(), ElementsAre("both"));
}

TEST_F(LogOutputs, OfOneFileFollowTheNameOfTheLogOfTheProcess) {
  folder_.write("log", "");
  std::filesystem::create_hard_link(file_, folder_.path() + "/access");
  configure(file_, folder_.path() + "/access");
  std::filesystem::rename(file_, file_ + ".1");
  log::reopen();
  write_a_line_to_each();
  end();
  EXPECT_THAT(content(file_), HasSubstr("an_error"));
  EXPECT_THAT(content(file_), HasSubstr("a_request"));
  EXPECT_EQ(content(folder_.path() + "/access"), "");
}

/// wssgate run 2>>FILE, and log.access: FILE.
TEST_F(LogOutputs, OfAFileThatIsAlsoADescriptorFollowItsName) {
  const int error = ::dup(STDERR_FILENO);
  const int file = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  ::dup2(file, STDERR_FILENO);
  configure("stderr", file_);
  EXPECT_THAT(writers(), ElementsAre("both"));
  std::filesystem::rename(file_, file_ + ".1");
  log::reopen();
  write_a_line_to_each();
  end();
  ::dup2(error, STDERR_FILENO);
  ::close(error);
  ::close(file);
  EXPECT_THAT(content(file_), HasSubstr("an_error"));
  EXPECT_THAT(content(file_), HasSubstr("a_request"));
}

}  // namespace
}  // namespace wssgate
