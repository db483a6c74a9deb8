#include "doctor/target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/hostname.h"
#include "base/text.h"
#include "doctor/idna.h"
#include "protocol/http/head.h"
#include "protocol/websocket/handshake.h"

namespace wssgate::doctor {
namespace {

constexpr std::uint16_t kPlainPort = 80;
constexpr std::uint16_t kSecurePort = 443;
// 16 zero bytes: the form of a key, where only the form counts.
constexpr std::string_view kAnyKey = "AAAAAAAAAAAAAAAAAAAAAA==";

Error bad_target(std::string why) { return {Reason::internal_error, Side::proxy, std::move(why)}; }

/// Secrets may stand behind a '?' and before an '@', and a password may hold whatever ends an
/// authority: they are not repeated.
Error bad_url(std::string_view text, std::string_view why) {
  const bool may_hold_password = text.find('@') != std::string_view::npos;
  const std::string shown =
      may_hold_password ? "..." : printable(text.substr(0, text.find_first_of("?#")));
  return bad_target(fmt::format("'{}' is no URL to examine: {}", shown, why));
}

struct UrlParts {
  std::string scheme;
  std::string authority;
  std::string path;
};

std::string percent_encoded_bytes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80) {
      out += fmt::format("%{:02X}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

UrlParts take_apart(std::string_view text) {
  UrlParts parts{.scheme = "wss", .authority = {}, .path = {}};
  text = text.substr(0, text.find('#'));
  const auto scheme_end = text.find("://");
  if (scheme_end != std::string_view::npos) {
    parts.scheme = to_lower(text.substr(0, scheme_end));
    text.remove_prefix(scheme_end + 3);
  }
  const auto authority_end = text.find_first_of("/?");
  parts.authority = text.substr(0, authority_end);
  if (authority_end != std::string_view::npos) {
    parts.path = percent_encoded_bytes(text.substr(authority_end));
  }
  if (!parts.path.starts_with('/')) parts.path.insert(0, 1, '/');
  return parts;
}

bool is_v6(std::string_view host) { return host.find(':') != std::string_view::npos; }

std::string bracketed(const std::string& host) {
  return is_v6(host) ? fmt::format("[{}]", host) : host;
}

/// An IP address in its usual spelling, or nothing.
std::optional<std::string> ip_literal(const std::string& host) {
  const auto address = SocketAddress::parse(bracketed(host) + ":1");
  if (!address || address->is_unix()) return std::nullopt;
  return address->ip();
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

/// The canonical form of a name; of an international one, its A-labels.
std::optional<std::string> canonical(const std::string& name) {
  if (is_ascii(name)) return canonical_hostname(name);
  const auto a_labels = to_a_labels(name);
  return a_labels ? canonical_hostname(*a_labels) : std::nullopt;
}

Result<void> read_host(const std::string& text, const UrlParts& parts, Target& target) {
  std::string authority = parts.authority;
  if (authority.find('@') != std::string::npos) {
    return bad_url(text, "user information is not sent; give --header 'Authorization: …'");
  }
  const bool bare_v6 = authority.starts_with('[') && authority.ends_with(']');
  if (bare_v6 || authority.find(':') == std::string::npos) {
    authority += fmt::format(":{}", target.secure ? kSecurePort : kPlainPort);
  }
  const auto parsed = parse_host_port(authority);
  if (!parsed || parsed->host.empty()) {
    return bad_url(text, "its host or port is none (an IPv6 address stands in brackets)");
  }
  target.port = parsed->port;
  if (const auto ip = ip_literal(parsed->host)) {
    target.host = *ip;
    target.wanted_name = *ip;
    return {};
  }
  const auto name = canonical(parsed->host);
  if (!name) {
    return bad_url(text, is_ascii(parsed->host)
                             ? "its host is neither a name nor an IP address"
                             : "its host is no international name, or there is no libidn2 here to "
                               "tell; write its A-labels (xn--…)");
  }
  target.host = *name;
  target.server_name = *name;
  target.wanted_name = *name;
  return {};
}

Result<void> read_url(const std::string& text, Target& target) {
  const UrlParts parts = take_apart(text);
  if (parts.scheme != "wss" && parts.scheme != "https" && parts.scheme != "ws" &&
      parts.scheme != "http") {
    return bad_url(text, "its scheme must be wss, https, ws or http");
  }
  const auto is_bad = [](unsigned char c) { return c <= 0x20 || c == 0x7f; };
  if (std::any_of(text.begin(), text.end(), is_bad)) {
    return bad_url(text, "it holds a space or a control character");
  }
  target.secure = parts.scheme == "wss" || parts.scheme == "https";
  target.websocket = parts.scheme == "wss" || parts.scheme == "ws";
  target.path = parts.path;
  return read_host(text, parts, target);
}

std::optional<SocketAddress> read_address(const std::string& text, std::uint16_t port) {
  auto address = SocketAddress::parse(text);
  if (!address) address = SocketAddress::parse(fmt::format("{}:{}", text, port));
  if (!address) address = SocketAddress::parse(fmt::format("[{}]:{}", text, port));
  if (!address || address->is_unix() || address->port() == 0) return std::nullopt;
  return address;
}

bool is_of_the_handshake(std::string_view name) {
  constexpr std::array<std::string_view, 8> kOurs = {"connection",
                                                     "upgrade",
                                                     "sec-websocket-key",
                                                     "sec-websocket-version",
                                                     "content-length",
                                                     "transfer-encoding",
                                                     "expect",
                                                     "sec-websocket-protocol"};
  return std::any_of(kOurs.begin(), kOurs.end(),
                     [&](std::string_view ours) { return iequals(ours, name); });
}

/// Neither name nor value is repeated where it is bad_target.
Result<void> read_header(const std::string& text, std::size_t number, Target& target) {
  const auto colon = text.find(':');
  const auto is_control = [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; };
  if (colon == std::string::npos || colon == 0 ||
      std::any_of(text.begin(), text.end(), is_control)) {
    return bad_target(fmt::format("--header number {} is not of the form 'Name: value'", number));
  }
  std::string name = text.substr(0, colon);
  std::string value(trim(std::string_view(text).substr(colon + 1)));
  if (iequals(name, "Host")) {
    target.authority = std::move(value);
    return {};
  }
  if (is_of_the_handshake(name)) {
    return bad_target(
        fmt::format("--header number {} is a field of the handshake itself{}", number,
                    iequals(name, "Sec-WebSocket-Protocol") ? "; give --subprotocol" : ""));
  }
  target.headers.emplace_back(std::move(name), std::move(value));
  return {};
}

/// A token of RFC 9110 §5.6.2.
bool is_subprotocol(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  const auto fits = [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kOthers.find(c) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

/// The same strict reading as a request gets that comes in.
Result<void> prove_request(const Target& target) {
  const auto head = http::parse_request_head(
      request_head(target, target.websocket ? std::string(kAnyKey) : std::string()));
  if (head) return {};
  if (target.headers.empty()) {
    return bad_target(fmt::format("no request can be made of this URL: {}", head.error().context));
  }
  return bad_target(
      "no request can be made of this URL and these headers: a header is 'Name: value', and a path "
      "holds no dot segments");
}

Result<void> read_rest(const Request& request, Target& target) {
  if (request.port != 0) target.port = request.port;
  if (!request.sni.empty()) {
    const auto name = canonical(request.sni);
    if (!name) return bad_target(fmt::format("--sni '{}' is no host name", printable(request.sni)));
    target.server_name = *name;
    target.wanted_name = *name;
  }
  for (const std::string& text : request.addresses) {
    const auto address = read_address(text, target.port);
    if (!address) {
      return bad_target(
          fmt::format("--address '{}' is no IP address, with or without a port", printable(text)));
    }
    if (std::find(target.addresses.begin(), target.addresses.end(), *address) ==
        target.addresses.end()) {
      target.addresses.push_back(*address);
    }
  }
  const std::uint16_t usual = target.secure ? kSecurePort : kPlainPort;
  target.authority = bracketed(target.host);
  if (target.port != usual) target.authority += fmt::format(":{}", target.port);
  for (std::size_t i = 0; i < request.headers.size(); ++i) {
    if (auto done = read_header(request.headers[i], i + 1, target); !done) return done;
  }
  for (const std::string& name : request.subprotocols) {
    if (!is_subprotocol(name)) {
      return bad_target(
          fmt::format("--subprotocol '{}' is no name of one (RFC 6455 §4.1: letters, "
                      "digits and !#$%&'*+-.^_`|~)",
                      printable(name)));
    }
  }
  target.subprotocols = request.subprotocols;
  target.timeout = request.timeout;
  return {};
}

}  // namespace

std::string Target::scheme() const {
  if (websocket) return secure ? "wss" : "ws";
  return secure ? "https" : "http";
}

std::string Target::host_and_port() const { return fmt::format("{}:{}", bracketed(host), port); }

std::string Target::shown_path() const { return printable(path.substr(0, path.find('?'))); }

std::string Target::shown() const {
  const std::uint16_t usual = secure ? kSecurePort : kPlainPort;
  const std::string shown_port = port == usual ? std::string() : fmt::format(":{}", port);
  const bool has_query = path.find('?') != std::string::npos;
  return fmt::format("{}://{}{}{}{}", scheme(), bracketed(host), shown_port, shown_path(),
                     has_query ? "?..." : "");
}

Result<Target> make_target(const Request& request) {
  Target target;
  if (auto done = read_url(request.url, target); !done) return std::move(done).error();
  if (auto done = read_rest(request, target); !done) return std::move(done).error();
  if (auto done = prove_request(target); !done) return std::move(done).error();
  return target;
}

std::string request_head(const Target& target, const std::string& key) {
  std::string head = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n", target.path, target.authority);
  if (key.empty()) {
    head += "Connection: close\r\n";
  } else {
    head += fmt::format(
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: {}\r\n",
        key);
    if (!target.subprotocols.empty()) {
      head += fmt::format("Sec-WebSocket-Protocol: {}\r\n", fmt::join(target.subprotocols, ", "));
    }
  }
  const bool named = std::any_of(target.headers.begin(), target.headers.end(),
                                 [](const auto& one) { return iequals(one.first, "User-Agent"); });
  if (!named) head += "User-Agent: wssgate-doctor\r\n";
  for (const auto& [name, value] : target.headers) head += fmt::format("{}: {}\r\n", name, value);
  return head + "\r\n";
}

}  // namespace wssgate::doctor
