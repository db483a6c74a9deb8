#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"

namespace wssgate {
namespace {

using ::testing::HasSubstr;

// Before configure() lines go to stderr as text.
std::string logged(std::string_view message, std::string_view value) {
  ::testing::internal::CaptureStderr();
  log::warn("test", message, {{"path", value}});
  return ::testing::internal::GetCapturedStderr();
}

TEST(LogText, PlainValuesStandAsTheyAre) {
  EXPECT_THAT(logged("all is well", "/ws/a"), HasSubstr(" test: all is well path=/ws/a\n"));
  EXPECT_THAT(logged("m", "a b"), HasSubstr("path=\"a b\""));
  EXPECT_THAT(logged("m", ""), HasSubstr(" test: m\n"));  // what does not apply is left out
}

TEST(LogText, NothingReachesATerminalUnescaped) {
  const std::string line = logged("x\x1b[2J\ny", "/\x1b]0;t\x07\r\n\x7f\xc2\x9b");
  EXPECT_THAT(line, HasSubstr("path=\"/\\u001b]0;t\\u0007\\r\\n\\u007f\\u009b\"\n"));
  EXPECT_THAT(line, HasSubstr("x\\x1b[2J\\x0ay"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

}  // namespace
}  // namespace wssgate
