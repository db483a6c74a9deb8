#include "nginx/lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace wssgate::nginx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The words of a text, with the other tokens as the characters that they are.
std::vector<std::string> tokens(std::string_view text) {
  Lexer lexer(text);
  std::vector<std::string> found;
  while (true) {
    const Token token = lexer.next();
    switch (token.kind) {
      case TokenKind::word:
        found.push_back(token.text);
        break;
      case TokenKind::semicolon:
        found.emplace_back(";");
        break;
      case TokenKind::open:
        found.emplace_back("{");
        break;
      case TokenKind::close:
        found.emplace_back("}");
        break;
      case TokenKind::fault:
        found.push_back("fault: " + token.text);
        return found;
      case TokenKind::end:
        return found;
    }
  }
}

TEST(NginxLexer, SplitsWordsAndBlocks) {
  EXPECT_THAT(tokens("server{listen 80;}"), ElementsAre("server", "{", "listen", "80", ";", "}"));
  EXPECT_THAT(tokens("a\tb\r\nc;"), ElementsAre("a", "b", "c", ";"));
}

TEST(NginxLexer, AQuoteCountsAtTheStartOfAWordAlone) {
  EXPECT_THAT(tokens(R"(a "b c" 'd;e' f"g";)"), ElementsAre("a", "b c", "d;e", "f\"g\"", ";"));
  EXPECT_THAT(tokens(R"('' "";)"), ElementsAre("", "", ";"));
  EXPECT_THAT(tokens(R"(if ($a = "b") {})"), ElementsAre("if", "($a", "=", "b", ")", "{", "}"));
}

TEST(NginxLexer, EscapesAreNginxs) {
  EXPECT_THAT(tokens(R"("a\"b" 'c\'d' e\;f g\ h \.php$;)"),
              ElementsAre("a\"b", "c'd", "e\\;f", "g\\ h", "\\.php$", ";"));
  EXPECT_THAT(tokens(R"("a\tb\n" c\\d;)"), ElementsAre("a\tb\n", "c\\d", ";"));
}

TEST(NginxLexer, ABraceAfterADollarOpensNoBlock) {
  EXPECT_THAT(tokens("set $a ${b}c;"), ElementsAre("set", "$a", "${b}c", ";"));
}

TEST(NginxLexer, CommentsStandBetweenWords) {
  EXPECT_THAT(tokens("a # b; c\nd#e;"), ElementsAre("a", "d#e", ";"));
}

TEST(NginxLexer, CountsLines) {
  Lexer lexer("a\n\n'b\nc'\nd");
  EXPECT_EQ(lexer.next().line, 1);
  EXPECT_EQ(lexer.next().line, 3);
  EXPECT_EQ(lexer.next().line, 5);
}

TEST(NginxLexer, TellsWhatNginxRefuses) {
  EXPECT_THAT(tokens("a 'b"), ElementsAre("a", HasSubstr("has no end")));
  EXPECT_THAT(tokens("a 'b'c;"), ElementsAre("a", HasSubstr("after a closing quote")));
  EXPECT_THAT(tokens(std::string(kLongestWord + 1, 'a')), ElementsAre(HasSubstr("64 KiB")));
}

TEST(NginxLexer, SkipsCodeWithItsBraces) {
  Lexer lexer("{ if x then y = {'}'} end -- }\n} a;");
  EXPECT_EQ(lexer.next().kind, TokenKind::open);
  EXPECT_EQ(lexer.skip_code().kind, TokenKind::word);
  const Token after = lexer.next();
  EXPECT_EQ(after.text, "a");
  EXPECT_EQ(after.line, 2);
}

}  // namespace
}  // namespace wssgate::nginx
