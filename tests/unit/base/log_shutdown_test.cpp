#include <gtest/gtest.h>

#include <fstream>
#include <string>

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

}  // namespace
}  // namespace wssgate
