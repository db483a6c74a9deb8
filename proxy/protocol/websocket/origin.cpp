#include <algorithm>
#include <optional>

#include "base/hostname.h"
#include "base/text.h"
#include "protocol/http/authority.h"
#include "protocol/websocket/handshake.h"

namespace wssgate::websocket {
namespace {

using http::Authority;

/// scheme "://" rest, the scheme in lower case. An origin has no path (RFC 6454 §6.2).
struct OriginParts {
  std::string scheme;
  std::string_view authority;
};

bool is_scheme(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
         });
}

std::optional<OriginParts> take_apart(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) return std::nullopt;
  return OriginParts{to_lower(text.substr(0, colon)), text.substr(colon + 3)};
}

/// One entry of the allowed origins, other than "same-host".
struct OriginPattern {
  std::string scheme;
  Authority authority;  // of a wildcard: what follows "*."
  bool wildcard = false;

  static std::optional<OriginPattern> parse(std::string_view text) {
    auto parts = take_apart(text);
    if (!parts) return std::nullopt;
    const bool wildcard = parts->authority.substr(0, 2) == "*.";
    if (wildcard) parts->authority.remove_prefix(2);
    auto authority = Authority::parse(parts->authority);
    if (!authority) return std::nullopt;
    if (wildcard && !HostPattern::parse("*." + authority->host)) return std::nullopt;
    return OriginPattern{std::move(parts->scheme), std::move(*authority), wildcard};
  }

  bool matches(const OriginPattern& origin) const {
    const std::uint16_t port = http::default_port(scheme);
    if (scheme != origin.scheme || authority.port_or(port) != origin.authority.port_or(port)) {
      return false;
    }
    if (!wildcard) return authority.host == origin.authority.host;
    return origin.authority.is_name &&
           HostPattern::parse("*." + authority.host)->covers(origin.authority.host);
  }
};

bool is_same_host(const OriginPattern& origin, const std::optional<Authority>& own) {
  return own && OriginPattern{"https", *own, false}.matches(origin);
}

}  // namespace

bool origin_allowed(std::string_view origin, std::string_view authority,
                    const std::vector<std::string>& allowed) {
  const auto asked = OriginPattern::parse(origin);
  if (!asked || asked->wildcard) return false;
  const auto own = Authority::parse(authority);
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& text) {
    if (text == "same-host") return is_same_host(*asked, own);
    const auto pattern = OriginPattern::parse(text);
    return pattern && pattern->matches(*asked);
  });
}

bool is_origin_pattern(std::string_view text) {
  return text == "same-host" || OriginPattern::parse(text).has_value();
}

}  // namespace wssgate::websocket
