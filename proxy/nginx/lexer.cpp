#include "nginx/lexer.h"

#include <utility>

namespace wssgate::nginx {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

}  // namespace

char Lexer::take() {
  const char c = text_[at_++];
  if (c == '\n') ++line_;
  return c;
}

Token Lexer::fault(std::string why) {
  broken_ = true;
  why_ = std::move(why);
  return {TokenKind::fault, why_, line_};
}

void Lexer::skip_space() {
  while (at_ < text_.size()) {
    if (text_[at_] == '#') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (is_space(text_[at_])) {
      take();
    } else {
      return;
    }
  }
}

Token Lexer::next() {
  if (broken_) return {TokenKind::fault, why_, line_};
  skip_space();
  if (at_ == text_.size()) return {TokenKind::end, {}, line_};
  const int line = line_;
  switch (text_[at_]) {
    case ';':
      ++at_;
      return {TokenKind::semicolon, {}, line};
    case '{':
      ++at_;
      return {TokenKind::open, {}, line};
    case '}':
      ++at_;
      return {TokenKind::close, {}, line};
    case '"':
    case '\'':
      return quoted_word();
    default:
      return word();
  }
}

void Lexer::escape(std::string& text) {
  if (at_ == text_.size()) {
    text += '\\';
    return;
  }
  const char c = take();
  switch (c) {
    case '"':
    case '\'':
    case '\\':
      text += c;
      return;
    case 't':
      text += '\t';
      return;
    case 'r':
      text += '\r';
      return;
    case 'n':
      text += '\n';
      return;
    default:
      text += '\\';
      text += c;
  }
}

Token Lexer::word() {
  Token token{TokenKind::word, {}, line_};
  bool after_dollar = false;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (is_space(c) || c == ';' || (c == '{' && !after_dollar)) break;
    if (token.text.size() >= kLongestWord) return fault("a word is longer than 64 KiB");
    take();
    after_dollar = c == '$';
    if (c == '\\') {
      escape(token.text);
    } else {
      token.text += c;
    }
  }
  return token;
}

Token Lexer::quoted_word() {
  Token token{TokenKind::word, {}, line_};
  const char quote = take();
  while (true) {
    if (at_ == text_.size()) {
      line_ = token.line;
      return fault("the quote that begins here has no end");
    }
    if (token.text.size() >= kLongestWord) return fault("a word is longer than 64 KiB");
    const char c = take();
    if (c == quote) break;
    if (c == '\\') {
      escape(token.text);
    } else {
      token.text += c;
    }
  }
  // A closing parenthesis may follow at once, for the sake of `if ($a = "b")`.
  if (at_ == text_.size()) return token;
  const char after = text_[at_];
  if (is_space(after) || after == ';' || after == '{' || after == ')') return token;
  return fault("after a closing quote there is neither a space nor the end of the directive");
}

void Lexer::skip_lua_string(char quote) {
  while (at_ < text_.size() && text_[at_] != '\n') {
    const char c = take();
    if (c == quote) return;
    if (c == '\\' && at_ < text_.size()) take();
  }
}

bool Lexer::skip_lua_bracket() {
  std::size_t equals = 0;
  while (at_ + equals < text_.size() && text_[at_ + equals] == '=') ++equals;
  if (at_ + equals >= text_.size() || text_[at_ + equals] != '[') return false;
  const std::string end = "]" + std::string(equals, '=') + "]";
  const std::size_t found = text_.find(end, at_ + equals + 1);
  const std::size_t after = found == text_.npos ? text_.size() : found + end.size();
  while (at_ < after) take();
  return true;
}

Token Lexer::skip_code() {
  if (broken_) return {TokenKind::fault, why_, line_};
  Token token{TokenKind::word, {}, line_};
  const std::size_t start = at_;
  std::size_t depth = 1;
  while (at_ < text_.size()) {
    const char c = take();
    if (c == '"' || c == '\'') {
      skip_lua_string(c);
    } else if (c == '[') {
      skip_lua_bracket();
    } else if (c == '-' && at_ < text_.size() && text_[at_] == '-') {
      ++at_;
      if (at_ < text_.size() && text_[at_] == '[') {
        ++at_;
        if (skip_lua_bracket()) continue;
      }
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && --depth == 0) {
      token.text = text_.substr(start, at_ - 1 - start);
      return token;
    }
  }
  line_ = token.line;
  return fault("the block of code that begins here has no end");
}

}  // namespace wssgate::nginx
