#include "protocol/http/target.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "protocol/http/head_scan.h"

namespace wssgate::http {
namespace {

Error bad_target(std::string what) { return malformed(Side::client, std::move(what)); }

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

/// The byte that "%xx" at `at` stands for.
std::optional<char> decoded_byte(std::string_view text, std::size_t at) {
  if (text[at] != '%' || text.size() - at < 3) return std::nullopt;
  const auto high = hex_digit(text[at + 1]);
  const auto low = hex_digit(text[at + 2]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high * 16 + *low);
}

bool has_broken_encoding(std::string_view text) {
  for (auto at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (!decoded_byte(text, at)) return true;
  }
  return false;
}

/// "." or "..", with or without a parameter. A backslash separates too: some servers take it for
/// a slash once it is decoded.
bool has_dot_segment(std::string_view path) {
  for (;;) {
    const auto end = path.find_first_of("/\\");
    std::string_view segment = path.substr(0, end);
    segment = segment.substr(0, segment.find(';'));
    if (segment == "." || segment == "..") return true;
    if (end == std::string_view::npos) return false;
    path.remove_prefix(end + 1);
  }
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = decoded_byte(text, at);
    out += byte.value_or(text[at]);
    if (byte) at += 2;
  }
  return out;
}

bool is_absolute_form(std::string_view target) { return target.front() != '/' && target != "*"; }

Result<AbsoluteTarget> parse_absolute_target(std::string_view target, std::string_view method) {
  const auto colon = target.find("://");
  if (colon == std::string_view::npos) {
    return bad_target("the target is neither a path nor an absolute address");
  }
  const std::string_view scheme = target.substr(0, colon);
  if (default_port(scheme) == 0) {
    return bad_target("the target's scheme is not https, http, wss or ws");
  }
  const std::string_view rest = target.substr(colon + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    return bad_target("the target holds user information");
  }
  auto parsed = Authority::parse(authority);
  if (!parsed) return bad_target("the target's host is no host name or address");
  AbsoluteTarget out{scheme, std::move(*parsed), {}};
  const std::string_view path = rest.substr(authority.size());
  if (path.empty() && method == "OPTIONS") {
    out.origin_form = "*";  // RFC 9112 §3.2.4
  } else {
    if (path.empty() || path.front() != '/') out.origin_form = "/";
    out.origin_form += path;
  }
  return out;
}

Result<void> check_origin_form(std::string_view target) {
  if (!std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7f; })) {
    return bad_target("the target holds a byte that is not visible ASCII");
  }
  if (target.find('#') != std::string_view::npos) return bad_target("the target holds a fragment");
  const std::string_view path = target.substr(0, target.find('?'));
  if (path.find('\\') != std::string_view::npos) return bad_target("the path holds a backslash");
  if (has_broken_encoding(path)) return bad_target("the path's percent-encoding is broken");
  const std::string decoded = percent_decoded(path);
  if (decoded.find('\0') != std::string::npos) return bad_target("the path holds an encoded NUL");
  if (has_dot_segment(decoded)) return bad_target("the path holds a dot segment");
  return {};
}

std::string route_path(std::string_view target) {
  if (target == "*") return "/";
  std::string path = percent_decoded(target.substr(0, target.find('?')));
  const auto both_slashes = [](char a, char b) { return a == '/' && b == '/'; };
  path.erase(std::unique(path.begin(), path.end(), both_slashes), path.end());
  if (path.empty()) path = "/";
  return path;
}

}  // namespace wssgate::http
