#include "base/units.h"

#include <gtest/gtest.h>

namespace wssgate {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Duration, IsANumberWithItsUnit) {
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("30s"), seconds(30));
  EXPECT_EQ(parse_duration("5m"), minutes(5));
  EXPECT_EQ(parse_duration("2h"), hours(2));
  EXPECT_EQ(parse_duration("180d"), hours(180 * 24));
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"", "30", "s", "-1s", "+1s", " 1s", "1 s", "1s ", "1.5s", "1S", "1sec",
                           "1h30m", "0x1s", "1us", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, CanAlwaysBeAddedToTheClock) {
  EXPECT_EQ(parse_duration("36500d"), hours(36'500 * 24));
  EXPECT_FALSE(parse_duration("36501d"));
  EXPECT_FALSE(parse_duration("9223372036854775807ms"));
  const auto now = std::chrono::steady_clock::now();
  EXPECT_GT(now + *parse_duration("36500d"), now);
}

TEST(Duration, FormatsInTheLargestUnitThatIsExact) {
  for (const char* text : {"0ms", "1ms", "1500ms", "1s", "90s", "2m", "36h", "7d"}) {
    EXPECT_EQ(format_duration(parse_duration(text).value()), text);
  }
  EXPECT_EQ(format_duration(seconds(120)), "2m");
  EXPECT_EQ(format_duration(milliseconds(-1500)), "-1500ms");
}

TEST(Size, IsANumberWithItsUnit) {
  EXPECT_EQ(parse_size("0B"), 0U);
  EXPECT_EQ(parse_size("512B"), 512U);
  EXPECT_EQ(parse_size("32KiB"), 32'768U);
  EXPECT_EQ(parse_size("1MiB"), 1'048'576U);
  EXPECT_EQ(parse_size("5GiB"), 5'368'709'120U);
  for (const char* text : {"", "32", "KiB", "32KB", "32kib", "32K", "-1B", "1.5MiB", "1 B",
                           "9223372036854775808B", "9999999999999GiB"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Size, FormatsInTheLargestUnitThatIsExact) {
  for (const char* text : {"0B", "1B", "1500B", "32KiB", "3MiB", "1025MiB", "4GiB"}) {
    EXPECT_EQ(format_size(parse_size(text).value()), text);
  }
}

}  // namespace
}  // namespace wssgate
