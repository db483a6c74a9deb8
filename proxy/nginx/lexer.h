#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// nginx configurations: read as nginx reads them, judged, and translated. Bytes and files in,
/// values out; no sockets. What a file can hold is never an exception.
namespace wssgate::nginx {

enum class TokenKind : std::uint8_t {
  word,
  semicolon,
  open,   ///< {
  close,  ///< }
  end,    ///< of the file
  fault,  ///< it cannot be read any further; the text says why, as a clause
};

struct Token {
  TokenKind kind = TokenKind::end;
  /// Of a word: unquoted, its escapes decoded.
  std::string text = {};
  /// Where it begins, counted from 1.
  int line = 1;
};

/// The longest word that is taken: nginx itself takes 4 KiB.
inline constexpr std::size_t kLongestWord = std::size_t{64} << 10U;

/// Splits a configuration into nginx's tokens, after ngx_conf_read_token: a quote counts only at
/// the start of a word, a '#' only between words, "${" opens no block, and a backslash keeps the
/// next character from ending the word. `text` is borrowed.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  /// The next token; after `end` or `fault` the same again.
  Token next();
  /// What stands between the '{' that was just read and its '}', as it is: Lua and other code is
  /// not made of nginx's tokens. Strings and comments of Lua may hold braces.
  Token skip_code();

 private:
  Token word();
  Token quoted_word();
  Token fault(std::string why);
  void skip_space();
  void skip_lua_string(char quote);
  /// After a '[': the rest of "[[ … ]]" or "[==[ … ]==]"; false when it begins none.
  bool skip_lua_bracket();
  char take();
  /// A backslash has been taken: appends what it and the next character stand for.
  void escape(std::string& text);

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool broken_ = false;
  std::string why_;
};

}  // namespace wssgate::nginx
