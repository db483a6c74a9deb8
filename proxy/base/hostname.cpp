#include "base/hostname.h"

#include <algorithm>

#include "base/text.h"

namespace wssgate {
namespace {

bool is_label_character(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), is_label_character);
}

}  // namespace

std::optional<std::string> canonical_hostname(std::string_view text) {
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  if (text.empty() || text.size() > 253) return std::nullopt;
  std::string name = to_lower(text);
  std::string_view rest = name;
  for (;;) {
    const auto dot = rest.find('.');
    const std::string_view label = rest.substr(0, dot);
    if (!is_label(label)) return std::nullopt;
    if (dot == std::string_view::npos) {
      if (std::all_of(label.begin(), label.end(), is_digit)) return std::nullopt;
      return name;
    }
    rest.remove_prefix(dot + 1);
  }
}

std::optional<HostPattern> HostPattern::parse(std::string_view text) {
  const bool wildcard = text.substr(0, 2) == "*.";
  if (wildcard) text.remove_prefix(2);
  auto name = canonical_hostname(text);
  if (!name) return std::nullopt;
  if (wildcard && name->find('.') == std::string::npos) return std::nullopt;
  return HostPattern(std::move(*name), wildcard);
}

std::string HostPattern::text() const { return wildcard_ ? "*." + suffix_ : suffix_; }

bool HostPattern::covers(std::string_view name) const {
  if (!wildcard_) return name == suffix_;
  const auto dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && name.substr(dot + 1) == suffix_;
}

bool HostPattern::covers(const HostPattern& other) const {
  return other.wildcard_ ? *this == other : covers(other.suffix_);
}

}  // namespace wssgate
