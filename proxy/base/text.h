#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wssgate {

/// ASCII only, by design: header names, host names and configuration keys are ASCII.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
std::string to_lower(std::string_view text);
bool iequals(std::string_view a, std::string_view b);

/// Without the spaces and tabs at both ends (RFC 9110 §5.6.3, optional white space).
std::string_view trim(std::string_view text);

/// The parts between separators, each trimmed; empty parts are kept.
std::vector<std::string_view> split(std::string_view text, char separator);

/// The candidate with the smallest edit distance to `word`, for "did you mean"; empty when none is
/// near enough to be what was meant: more than a third of the longer word differs, where one
/// character of a short word may, but not all of it.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

/// For a log or a terminal: printable ASCII as it is, everything else as \xNN, cut at `limit`
/// bytes with "...". What a client sent never reaches a terminal unescaped.
std::string printable(std::string_view text, std::size_t limit = 256);

}  // namespace wssgate
