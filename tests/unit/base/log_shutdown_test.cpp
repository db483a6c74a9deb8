#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/log.h"
#include "support/temp_folder.h"

namespace wssgate {
namespace {

TEST(LogShutdown, WritesEveryLine) {
  const test::TempFolder folder;
  log::Settings settings;
  settings.access = folder.path() + "/access";
  log::configure(settings);
  const log::Field field{"text", "x"};
  for (int i = 0; i < 1000; ++i) log::access("line", &field, 1);
  EXPECT_TRUE(log::shutdown());
  std::ifstream file(settings.access);
  int lines = 0;
  for (std::string line; std::getline(file, line);) ++lines;
  EXPECT_EQ(lines, 1000);
}

TEST(LogShutdown, TellsOfAccessLinesThatWereLostAtTheEnd) {
  const test::TempFolder folder;
  log::Settings settings;
  settings.output = folder.path() + "/log";
  settings.access = "/dev/full";
  log::configure(settings);
  const log::Field field{"text", "x"};
  log::access("line", &field, 1);
  EXPECT_TRUE(log::shutdown());
  std::ifstream file(settings.output);
  const std::string all{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(all.find("log_lines_dropped"), std::string::npos) << all;
}

TEST(LogShutdown, LeavesTheLogsToOthersThatWrite) {
  const test::TempFolder folder;
  log::Settings settings;
  settings.output = folder.path() + "/log";
  log::configure(settings);
  EXPECT_TRUE(log::shutdown(true));
  ::testing::internal::CaptureStderr();
  log::error("late", "goes nowhere");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_TRUE(log::shutdown());
}

TEST(LogDropped, HasOneCountWhereOneWriterHasBoth) {
  const auto labels = [](const std::string& access) {
    log::Settings settings;
    settings.access = access;
    log::configure(settings);
    std::vector<std::string> all;
    for (const log::Dropped& dropped : log::dropped()) all.emplace_back(dropped.log);
    EXPECT_TRUE(log::shutdown());
    return all;
  };
  EXPECT_EQ(labels("stderr"), std::vector<std::string>{"both"});
  EXPECT_EQ(labels("off"), (std::vector<std::string>{"operational", "access"}));
  // As systemd has it by default.
  const int output = ::dup(STDOUT_FILENO);
  ::dup2(STDERR_FILENO, STDOUT_FILENO);
  EXPECT_EQ(labels("stdout"), std::vector<std::string>{"both"});
  ::dup2(output, STDOUT_FILENO);
  ::close(output);
}

}  // namespace
}  // namespace wssgate
