#include "wssbench/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/address.h"
#include "base/text.h"

namespace wssgate::bench {
namespace {

constexpr std::uint16_t kPlainPort = 80;
constexpr std::uint16_t kSecurePort = 443;

Error refused(std::string_view text, std::string_view why) {
  return {Reason::internal_error, Side::proxy,
          fmt::format("'{}' is no URL to load: {}", printable(text), why)};
}

bool has_control_or_space(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

}  // namespace

std::string Url::authority() const {
  const bool v6 = host.find(':') != std::string::npos;
  const std::string shown = v6 ? fmt::format("[{}]", host) : host;
  const bool usual = port == (secure ? kSecurePort : kPlainPort);
  return usual ? shown : fmt::format("{}:{}", shown, port);
}

Result<Url> Url::parse(std::string_view text) {
  Url url;
  url.text = text;
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) {
    return refused(text, "write it as wss://HOST[:PORT]/PATH (or ws://, https://, http://)");
  }
  const std::string scheme = to_lower(text.substr(0, scheme_end));
  if (scheme != "ws" && scheme != "wss" && scheme != "http" && scheme != "https") {
    return refused(text, "its scheme must be wss, ws, https or http");
  }
  if (has_control_or_space(text)) return refused(text, "it holds a space or a control character");
  url.secure = scheme == "wss" || scheme == "https";
  std::string_view rest = text.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('#'));
  const auto authority_end = rest.find_first_of("/?");
  std::string authority(rest.substr(0, authority_end));
  if (authority.find('@') != std::string::npos) {
    return refused(text, "user information is not sent; give --header 'Authorization: …'");
  }
  const bool bare_v6 = authority.starts_with("[") && authority.ends_with("]");
  if (bare_v6 || authority.find(':') == std::string::npos) {
    authority += fmt::format(":{}", url.secure ? kSecurePort : kPlainPort);
  }
  auto parsed = parse_host_port(authority);
  if (!parsed || parsed->host.empty()) return refused(text, "its host or port is none");
  url.host = std::move(parsed->host);
  url.port = parsed->port;
  const std::string_view path =
      authority_end == std::string_view::npos ? "" : rest.substr(authority_end);
  url.target = path.starts_with('/') ? std::string(path) : fmt::format("/{}", path);
  return url;
}

}  // namespace wssgate::bench
