#include "base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace wssgate {
namespace {

using ::testing::ElementsAre;

TEST(Case, IsFoldedForAsciiOnly) {
  EXPECT_EQ(to_lower("AZaz09-@[`{"), "azaz09-@[`{");
  EXPECT_EQ(to_lower("\xc3\x84"), "\xc3\x84");
  EXPECT_TRUE(iequals("Upgrade", "uPGRADE"));
  EXPECT_TRUE(iequals("", ""));
  EXPECT_FALSE(iequals("a", "ab"));
  EXPECT_FALSE(iequals("@", "`"));  // these differ by the bit that letters' cases differ by
}

TEST(Trim, TakesSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("a"), "a");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim("\r\na\n"), "\r\na\n");
}

TEST(Split, TrimsAndKeepsEmptyParts) {
  EXPECT_THAT(split("a, b ,c", ','), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split(",a,,", ','), ElementsAre("", "a", "", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
  EXPECT_THAT(split("a b", ','), ElementsAre("a b"));
}

TEST(Nearest, IsWhatWasProbablyMeant) {
  const std::vector<std::string_view> keys = {"listeners", "upstreams", "hosts", "timeouts", "log"};
  EXPECT_EQ(nearest("listener", keys), "listeners");
  EXPECT_EQ(nearest("upstrems", keys), "upstreams");
  EXPECT_EQ(nearest("host", keys), "hosts");
  EXPECT_EQ(nearest("timeuots", keys), "timeouts");
  EXPECT_EQ(nearest("logs", keys), "log");
  EXPECT_EQ(nearest("log", keys), "log");
}

TEST(Nearest, IsNothingWhenNoneIsNear) {
  EXPECT_EQ(nearest("certificates", {"hosts", "log"}), "");
  EXPECT_EQ(nearest("x", {"a", "b"}), "");
  EXPECT_EQ(nearest("", {"a", "log"}), "");
  EXPECT_EQ(nearest("abc", {}), "");
  EXPECT_EQ(nearest("abcdef", {"abcxyz"}), "");
  EXPECT_EQ(nearest(std::string(100'000, 'a'), {"a"}), "");
}

TEST(Nearest, CountsEditsInWordsOfAnyLength) {
  for (std::size_t size = 3; size <= 70; ++size) {
    std::string word;
    for (std::size_t i = 0; i < size; ++i) word += static_cast<char>('a' + i * i % 26);
    const std::string longer = "-" + word;
    const std::string shorter = word.substr(0, size - 1);
    std::string other = word;
    other[size / 2] = '-';
    const std::string far = "--" + other;
    for (const std::string& one : {longer, shorter, other}) {
      EXPECT_EQ(nearest(word, {far, one}), one) << size;
      EXPECT_EQ(nearest(word, {one, far}), one) << size;
      EXPECT_EQ(nearest(word, {one, word}), word) << size;
    }
    EXPECT_EQ(nearest(word, {far}), size < 7 ? "" : far) << "three edits of " << size + 2;
  }
}

TEST(Nearest, TakesTheFirstOfTheNearest) {
  EXPECT_EQ(nearest("cat", {"cars", "cut", "cap"}), "cut");
  EXPECT_EQ(nearest("abcdef", {"abcdxy", "abcdex", "abcdef"}), "abcdef");
}

TEST(Printable, LetsNothingReachATerminalUnescaped) {
  EXPECT_EQ(printable("Az ~!"), "Az ~!");
  EXPECT_EQ(printable(std::string("a\0b\x1b[2J\n\x7f\xc3\xa9", 11)),
            "a\\x00b\\x1b[2J\\x0a\\x7f\\xc3\\xa9");
}

TEST(Printable, IsCutAtTheLimit) {
  EXPECT_EQ(printable("abcd", 4), "abcd");
  EXPECT_EQ(printable("abcde", 4), "abcd...");
  EXPECT_EQ(printable("\n\n\n", 2), "\\x0a\\x0a...");
}

}  // namespace
}  // namespace wssgate
