#include "control/http_url.h"

#include <algorithm>

#include "base/address.h"
#include "base/text.h"

namespace wssgate::control {

std::optional<HttpUrl> HttpUrl::parse(std::string_view text) {
  constexpr std::string_view kScheme = "http://";
  const auto is_plain = [](char c) { return c > 0x20 && c < 0x7f; };
  if (!iequals(text.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  if (!std::all_of(text.begin(), text.end(), is_plain)) return std::nullopt;
  text = text.substr(kScheme.size());
  text = text.substr(0, text.find('#'));
  const std::string_view authority = text.substr(0, text.find_first_of("/?"));
  if (authority.find('@') != std::string_view::npos) return std::nullopt;

  HttpUrl url;
  url.authority = authority;
  auto parts = parse_host_port(url.authority);
  if (!parts) {
    url.authority += ":80";
    parts = parse_host_port(url.authority);
  }
  if (!parts || parts->host.empty()) return std::nullopt;
  url.host = parts->host;
  url.port = std::to_string(parts->port);
  url.path = text.substr(authority.size());
  if (url.path.empty() || url.path.front() != '/') url.path.insert(0, 1, '/');
  return url;
}

}  // namespace wssgate::control
