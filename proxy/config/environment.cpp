#include "config/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace wssgate::config {
namespace {

// No value of a configuration comes near; it keeps a repeated large variable from adding up.
constexpr std::size_t kLongest = std::size_t{64} * 1024;

bool is_variable_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name[0]) && std::all_of(name.begin(), name.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

// `inside` is what stands between the braces.
Parsed<std::string> lookup(std::string_view inside) {
  const auto separator = inside.find(":-");
  const std::string name(inside.substr(0, separator));
  if (!is_variable_name(name)) {
    return Fault{fmt::format("refers to '{}', which is no variable's name", printable(inside, 64)),
                 "write ${NAME} or ${NAME:-default}, or $${ for a literal ${"};
  }
  const char* const value = std::getenv(name.c_str());
  if (separator == std::string_view::npos) {
    if (value != nullptr) return std::string(value);
    return Fault{fmt::format("needs the environment variable {}, which is not set", name),
                 fmt::format("set it, or write a default: ${{{}:-default}}", name)};
  }
  if (value != nullptr && *value != '\0') return std::string(value);
  return std::string(inside.substr(separator + 2));
}

}  // namespace

Parsed<std::string> expand_environment(std::string_view text) {
  std::string out;
  for (;;) {
    const auto start = text.find("${");
    if (start == std::string_view::npos) {
      out += text;
      return out;
    }
    if (start > 0 && text[start - 1] == '$') {
      out += text.substr(0, start - 1);
      out += "${";
      text.remove_prefix(start + 2);
      continue;
    }
    const auto end = text.find('}', start);
    if (end == std::string_view::npos) {
      return Fault{"holds '${' without a closing '}'", "close it, or write $${ for a literal ${"};
    }
    out += text.substr(0, start);
    auto value = lookup(text.substr(start + 2, end - start - 2));
    if (std::holds_alternative<Fault>(value)) return value;
    out += std::get<std::string>(value);
    if (out.size() > kLongest) {
      return Fault{"is more than 64 KiB long once its variables are put in",
                   "look at what the variables hold"};
    }
    text.remove_prefix(end + 1);
  }
}

}  // namespace wssgate::config
