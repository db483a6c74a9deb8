#include "protocol/http/authority.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>

#include "base/hostname.h"
#include "base/text.h"

namespace wssgate::http {
namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, port);
  if (error != std::errc{} || rest != end || port == 0 || text.size() > 5) return std::nullopt;
  return port;
}

/// The address in its canonical text form.
std::optional<std::string> canonical_ip(int family, std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.size() >= buffer.size()) return std::nullopt;
  text.copy(buffer.data(), text.size());
  in6_addr address{};  // large enough for either family
  if (inet_pton(family, buffer.data(), &address) != 1) return std::nullopt;
  if (inet_ntop(family, &address, buffer.data(), buffer.size()) == nullptr) return std::nullopt;
  return std::string(buffer.data());
}

/// `text` without its port, which ends up in `port`; nothing when there is a broken one.
std::optional<std::string_view> take_port(std::string_view text, std::uint16_t& port) {
  const auto from = !text.empty() && text.front() == '[' ? text.find(']') : 0;
  const auto colon = from == std::string_view::npos ? from : text.find(':', from);
  if (colon == std::string_view::npos) return text;
  const auto parsed = parse_port(text.substr(colon + 1));
  if (!parsed) return std::nullopt;
  port = *parsed;
  return text.substr(0, colon);
}

}  // namespace

std::optional<Authority> Authority::parse(std::string_view text) {
  Authority authority;
  const auto host = take_port(text, authority.port);
  if (!host || host->empty()) return std::nullopt;
  if (host->front() == '[') {
    if (host->size() < 4 || host->back() != ']') return std::nullopt;
    auto address = canonical_ip(AF_INET6, host->substr(1, host->size() - 2));
    if (!address) return std::nullopt;
    authority.host = "[" + *address + "]";
    return authority;
  }
  if (auto name = canonical_hostname(*host)) {
    authority.host = std::move(*name);
    authority.is_name = true;
    return authority;
  }
  auto address = canonical_ip(AF_INET, *host);
  if (!address) return std::nullopt;
  authority.host = std::move(*address);
  return authority;
}

std::uint16_t default_port(std::string_view scheme) {
  if (iequals(scheme, "https") || iequals(scheme, "wss")) return 443;
  if (iequals(scheme, "http") || iequals(scheme, "ws")) return 80;
  return 0;
}

}  // namespace wssgate::http
