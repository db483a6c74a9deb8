#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wssgate::http {

/// A host with an optional port, as Host, an absolute-form target and an Origin carry it
/// (RFC 3986 §3.2, without user information).
struct Authority {
  /// Canonical, so that equal hosts compare equal: a host name as base/hostname.h has it, an IPv4
  /// address, or an IPv6 address in its shortest form within brackets.
  std::string host;
  /// False for IP literals.
  bool is_name = false;
  /// 0 where none was written.
  std::uint16_t port = 0;

  std::uint16_t port_or(std::uint16_t by_default) const { return port == 0 ? by_default : port; }

  /// Nothing for what is not one: an empty host or port, port 0, percent-encoding, white space.
  static std::optional<Authority> parse(std::string_view text);
};

/// 443 for https and wss, 80 for http and ws (in any case), 0 for other schemes.
std::uint16_t default_port(std::string_view scheme);

}  // namespace wssgate::http
