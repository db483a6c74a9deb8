// The forms that name places in a network: listeners, endpoints, hosts, origins, networks.

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"
#include "config/forms.h"

namespace wssgate::config {
namespace {

bool is_ipv4(const std::string& text) {
  in_addr address{};
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// The host of `text`, "host:port", is an address (IPv6 in brackets) or a name.
bool is_host(const HostPort& parts, const std::string& text) {
  if (text.front() == '[') return is_ipv6(parts.host);
  return is_ipv4(parts.host) || canonical_hostname(parts.host);
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_unix_socket(const std::string& text) {
  return text.starts_with("unix:/") && SocketAddress::parse(text) &&
         text.find('\0') == std::string::npos;
}

// A URL taken apart as far as messages and origins need it; the scheme is empty if there is none.
struct UrlParts {
  std::string scheme;     // lower case
  std::string authority;  // "host" or "host:port"
  std::string path;       // with its '/', '?' or '#'
};

UrlParts split_url(std::string_view text) {
  UrlParts url;
  const auto scheme_end = text.find("://");
  if (scheme_end != std::string_view::npos) {
    url.scheme = to_lower(text.substr(0, scheme_end));
    text.remove_prefix(scheme_end + 3);
  }
  const auto path_start = std::min(text.find_first_of("/?#"), text.size());
  url.authority = text.substr(0, path_start);
  url.path = text.substr(path_start);
  return url;
}

std::string default_port(const std::string& scheme) {
  if (scheme == "http" || scheme == "ws") return "80";
  if (scheme == "https" || scheme == "wss") return "443";
  return {};
}

// What is wrong with an "address:port" in the ways that people write it; `port` is an example.
Fault address_fault(const std::string& text, const std::string& port, const std::string& example) {
  const UrlParts url = split_url(text);
  if (!url.scheme.empty()) {
    const bool has_port = parse_host_port(url.authority).has_value();
    const std::string scheme_port = default_port(url.scheme);
    const std::string meant =
        has_port ? url.authority
                 : fmt::format("{}:{}", url.authority, scheme_port.empty() ? port : scheme_port);
    return {"is a URL, and an address and port is expected",
            fmt::format("write {}, not {}", printable(meant), printable(text))};
  }
  const auto colon = text.rfind(':');
  const std::string before = text.substr(0, std::min(colon, text.size()));
  const std::string_view after = std::string_view(text).substr(before.size());
  if (is_ipv6(before) && all_digits(after.substr(1))) {
    return {"has no brackets around the IPv6 address",
            fmt::format("write '[{}]{}'", before, after)};
  }
  if (is_ipv6(text)) {
    return {"has no port, and no brackets around the IPv6 address",
            fmt::format("write '[{}]:{}'", text, port)};
  }
  if (all_digits(text)) {
    return {"has no address", fmt::format("write one before it, such as '127.0.0.1:{}'", text)};
  }
  if (colon == std::string::npos) {
    return {"has no port", fmt::format("write '{}:{}'", printable(text), port)};
  }
  if (!parse_host_port(text) && parse_host_port(before + ":1")) {
    return {"has no valid port", "write a port from 1 to 65535 after the last ':'"};
  }
  return {"is not an address and port", fmt::format("write one such as '{}'", example)};
}

Fault host_pattern_fault(const std::string& text) {
  const UrlParts url = split_url(text);
  const std::string host(url.authority.substr(0, url.authority.rfind(':')));
  if (is_ipv4(text) || is_ipv6(text) || text.front() == '[' || is_ipv4(host)) {
    return Fault{"is an IP address, and no client sends one as its server name (RFC 6066)",
                 "write the DNS name that clients connect to"};
  }
  if (!url.scheme.empty()) {
    return Fault{"is a URL, and a host name is expected",
                 fmt::format("write '{}'", printable(host))};
  }
  if (!url.path.empty()) {
    return Fault{"holds a path, and a host name is expected",
                 fmt::format("write '{}' and put the path into a route", printable(host))};
  }
  if (host.size() != url.authority.size()) {
    return Fault{"holds a port, and a host name is expected",
                 fmt::format("write '{}'; ports stand in 'listeners'", printable(host))};
  }
  if (text == "*" || (text.substr(0, 2) == "*." && canonical_hostname(text.substr(2)))) {
    return Fault{"covers names that belong to others",
                 "write each name, or a wildcard below a domain of yours, such as '*.example.com'"};
  }
  if (text.find('*') != std::string::npos) {
    return Fault{"has its wildcard where none can be",
                 "a '*' stands for the whole first label only, as in '*.example.com'"};
  }
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) {
    return Fault{"holds characters outside ASCII",
                 "write the name's A-label form, such as 'xn--bcher-kva.example'"};
  }
  return Fault{"is not a host name",
               "write a DNS name such as 'chat.example.com': labels of letters, digits and '-' "
               "between dots"};
}

// An origin's host as browsers send it, or nothing if it is not one.
std::optional<std::string> origin_host(const std::string& host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    if (is_ipv6(host.substr(1, host.size() - 2))) return to_lower(host);
    return std::nullopt;
  }
  if (is_ipv4(host)) return host;
  const auto pattern = HostPattern::parse(host);
  if (!pattern) return std::nullopt;
  return pattern->text();
}

}  // namespace

Parsed<SocketAddress> ListenAddressForm::operator()(const std::string& text) const {
  const auto address = SocketAddress::parse(text);
  if (address && !address->is_unix()) return *address;
  const auto fault = [](std::string what, std::string_view port) {
    return Fault{
        std::move(what),
        fmt::format("write '0.0.0.0:{0}' for every IPv4 address, '[::]:{0}' for IPv6", port)};
  };
  if (text.substr(0, 5) == "unix:")
    return fault("is a unix socket, and clients come over TCP", "443");
  const std::string_view port = std::string_view(text).substr(text.front() == ':' ? 1 : 0);
  if (all_digits(port)) return fault("has no address", port);
  const HostPort parts = parse_host_port(text, true).value_or(HostPort{text, 443});
  if (parts.host == "*") return fault("has no address", std::to_string(parts.port));
  if (canonical_hostname(parts.host)) {
    return fault("has a name, and a listener takes an IP address", std::to_string(parts.port));
  }
  return address_fault(text, "443", "0.0.0.0:443");
}

Parsed<std::string> AdminAddressForm::operator()(const std::string& text) const {
  if (text == "off" || is_unix_socket(text)) return text;
  return Fault{"is not the address of an admin socket",
               "write 'unix:' and an absolute path of at most 107 bytes, such as "
               "'unix:/run/wssgate/admin.sock', or 'off'"};
}

Parsed<Network> NetworkForm::operator()(const std::string& text) const {
  if (const auto network = Network::parse(text)) return *network;
  return Fault{"is not a network", "write an IP address, or a block such as '10.0.0.0/8'"};
}

Parsed<HostPattern> HostPatternForm::operator()(const std::string& text) const {
  if (auto pattern = HostPattern::parse(text)) return *std::move(pattern);
  return host_pattern_fault(text);
}

Parsed<std::string> EndpointForm::operator()(const std::string& text) const {
  if (text.substr(0, 5) == "unix:") {
    if (is_unix_socket(text)) return text;
    return Fault{"is not the path of a unix socket",
                 "write 'unix:' and an absolute path of at most 107 bytes, such as "
                 "'unix:/run/chat.sock'"};
  }
  const auto parts = parse_host_port(text);
  if (parts && is_host(*parts, text)) return text;
  if (parts && parts->host == "*") {
    return Fault{"has no address", "write the address that the backend listens on"};
  }
  return address_fault(text, "3000", "127.0.0.1:3000");
}

Parsed<std::string> ServerNameForm::operator()(const std::string& text) const {
  if (is_ipv4(text) || is_ipv6(text)) return text;
  if (auto name = canonical_hostname(text)) return *std::move(name);
  const UrlParts url = split_url(text);
  const auto parts = parse_host_port(url.authority);
  const std::string host = parts ? parts->host : url.authority;
  const bool differs = host != text && (canonical_hostname(host) || is_ipv6(host));
  return Fault{"is not a host name", differs ? fmt::format("write '{}'", printable(host))
                                             : "write one name or IP address that the upstream's "
                                               "certificate has, such as 'app.internal'"};
}

Parsed<std::string> HttpProxyForm::operator()(const std::string& text) const {
  if (text == "none") return std::string();
  UrlParts url = split_url(text);
  if (url.path == "/") url.path.clear();
  const Fault not_a_proxy{"is not an HTTP proxy's URL",
                          "write one such as 'http://proxy.internal:3128', or 'none'"};
  if (url.scheme == "https") {
    return Fault{"is reached by https, and OCSP is asked for in plain HTTP (it is signed)",
                 "name the proxy's http port, such as 'http://proxy.internal:3128'"};
  }
  if (url.authority.find('@') != std::string::npos) {
    return Fault{"holds a user's name, and wssgate does not log in to proxies",
                 "name a proxy that lets this machine ask without"};
  }
  const auto parts = parse_host_port(url.authority);
  if (!parts && url.scheme == "http" && url.path.empty() && parse_host_port(url.authority + ":1")) {
    return Fault{"has no port", fmt::format("write '{}:3128' if that is its port", text)};
  }
  if (!parts || url.scheme != "http" || !url.path.empty() || !is_host(*parts, url.authority)) {
    return not_a_proxy;
  }
  return url.authority;
}

Parsed<std::string> OriginForm::operator()(const std::string& text) const {
  if (text == "same-host") return text;
  if (text == "*") {
    return Fault{"allows every origin", "leave the key out if every website may connect"};
  }
  if (text == "null") {
    return Fault{"is an origin that any website can send", "write the origins that are meant"};
  }
  const UrlParts url = split_url(text);
  const auto host_port = parse_host_port(url.authority);
  const bool has_port = host_port.has_value();
  const std::string host =
      has_port ? url.authority.substr(0, url.authority.rfind(':')) : url.authority;
  const auto canonical = origin_host(host);
  if (!canonical) {
    return Fault{"is not an origin",
                 "write 'same-host', or a scheme and host such as 'https://app.example.com' or "
                 "'https://*.example.com'"};
  }
  const std::string scheme = url.scheme == "ws"    ? "http"
                             : url.scheme == "wss" ? "https"
                                                   : url.scheme;
  const std::string port = has_port ? std::to_string(host_port->port) : default_port(scheme);
  std::string origin = fmt::format("{}://{}", scheme.empty() ? "https" : scheme, *canonical);
  if (port != default_port(scheme)) origin += ":" + port;
  const std::string write = fmt::format("write '{}'", origin);
  if (url.scheme.empty()) return Fault{"has no scheme", write};
  if (url.scheme != scheme) {
    return Fault{"has the scheme of the WebSocket, and an origin has that of the website", write};
  }
  if (!std::all_of(scheme.begin(), scheme.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
      })) {
    return Fault{"has no valid scheme", "write 'https' or 'http' before the '://'"};
  }
  if (!url.path.empty()) return Fault{"holds a path, and an origin has none", write};
  return origin;
}

}  // namespace wssgate::config
