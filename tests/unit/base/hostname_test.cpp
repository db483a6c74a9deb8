#include "base/hostname.h"

#include <gtest/gtest.h>

namespace wssgate {
namespace {

TEST(CanonicalHostname, FoldsCaseAndTrailingDot) {
  EXPECT_EQ(canonical_hostname("Chat.Example.COM."), "chat.example.com");
  EXPECT_EQ(canonical_hostname("localhost"), "localhost");
  EXPECT_EQ(canonical_hostname("_dmarc.xn--bcher-kva.example"), "_dmarc.xn--bcher-kva.example");
}

TEST(CanonicalHostname, RefusesWhatIsNoName) {
  for (const char* text :
       {"", ".", "a..b", ".a", "a..", "-a.b", "a-.b", "a b", "127.0.0.1", "1", "::1", "[::1]",
        "b\xc3\xbc"
        "cher.example",
        "a/b", "*.a.b"}) {
    EXPECT_FALSE(canonical_hostname(text)) << text;
  }
  EXPECT_FALSE(canonical_hostname(std::string("a\0b", 3)));
  EXPECT_TRUE(canonical_hostname(std::string(63, 'a') + ".b"));
  EXPECT_FALSE(canonical_hostname(std::string(64, 'a') + ".b"));
  std::string longest;
  for (int i = 0; i < 126; ++i) longest += "a.";
  EXPECT_TRUE(canonical_hostname(longest + "a"));    // 253
  EXPECT_FALSE(canonical_hostname(longest + "aa"));  // 254
}

TEST(HostPattern, WildcardCoversExactlyOneLabel) {
  const auto pattern = HostPattern::parse("*.Example.com");
  ASSERT_TRUE(pattern);
  EXPECT_EQ(pattern->text(), "*.example.com");
  EXPECT_TRUE(pattern->covers("a.example.com"));
  EXPECT_FALSE(pattern->covers("a.b.example.com"));
  EXPECT_FALSE(pattern->covers("example.com"));
  EXPECT_FALSE(pattern->covers(".example.com"));
  EXPECT_FALSE(pattern->covers("a.example.org"));
}

TEST(HostPattern, RefusesWildcardsThatCoverTooMuchOrTooOddly) {
  for (const char* text : {"*", "*.", "*.com", "a.*.com", "w*.example.com", "*.*.example.com"}) {
    EXPECT_FALSE(HostPattern::parse(text)) << text;
  }
}

TEST(HostPattern, CoversPatterns) {
  const auto wildcard = *HostPattern::parse("*.example.com");
  EXPECT_TRUE(wildcard.covers(wildcard));
  EXPECT_TRUE(wildcard.covers(*HostPattern::parse("a.example.com")));
  EXPECT_FALSE(HostPattern::parse("a.example.com")->covers(wildcard));
}

}  // namespace
}  // namespace wssgate
