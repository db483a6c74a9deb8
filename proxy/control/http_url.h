#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wssgate::control {

/// An http URL taken apart as far as a request needs it (RFC 9110 §4.2.1).
struct HttpUrl {
  /// Without brackets.
  std::string host;
  std::string port;
  /// "host:port" as `upstream::resolve` and a proxy take it, with brackets around IPv6.
  std::string authority;
  /// With its query; starts with '/'.
  std::string path;

  /// Nothing for other schemes, user names, and what is no URL.
  static std::optional<HttpUrl> parse(std::string_view text);
};

}  // namespace wssgate::control
