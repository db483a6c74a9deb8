#include "protocol/http/head_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/text.h"
#include "protocol/http/fields.h"

namespace wssgate::http {
namespace {

// What can stand anywhere in a head: HTAB, SP, visible ASCII, obs-text. CR and LF are judged by
// their neighbours.
constexpr std::array<bool, 256> plain_bytes() {
  std::array<bool, 256> table{};
  for (std::size_t c = 0x20; c < table.size(); ++c) table[c] = c != 0x7f;
  table[static_cast<std::size_t>('\t')] = true;
  return table;
}
constexpr auto kPlainBytes = plain_bytes();

bool is_plain(char c) { return kPlainBytes[static_cast<unsigned char>(c)]; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

Error too_large(Side side, std::string what) {
  if (side == Side::upstream) return malformed(side, std::move(what));
  return {Reason::request_head_too_large, Side::client, std::move(what)};
}

/// The LF at `at` ends an empty line that is not the very first.
bool ends_head(std::string_view buffer, std::size_t at) {
  return at >= 3 && buffer[at - 2] == '\n';
}

/// The text up to the next CRLF, which is taken off `rest` with it. `rest` holds one.
std::string_view take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find("\r\n"));
  rest.remove_prefix(line.size() + 2);
  return line;
}

bool declares_length(std::string_view name) {
  return iequals(name, "Content-Length") || iequals(name, "Transfer-Encoding");
}

}  // namespace

Error malformed(Side side, std::string what) {
  const Reason reason =
      side == Side::upstream ? Reason::malformed_response : Reason::malformed_request;
  return {reason, side, std::move(what)};
}

Result<std::size_t> find_head_end(std::string_view buffer, std::size_t limit, std::size_t from,
                                  Side side) {
  const std::size_t end = std::min(buffer.size(), limit);
  for (std::size_t at = from; at < end; ++at) {
    if (at > 0 && buffer[at - 1] == '\r') {
      if (buffer[at] != '\n') return malformed(side, "a CR without LF in the head");
      if (ends_head(buffer, at)) return at + 1;
      continue;
    }
    while (at < end && is_plain(buffer[at])) ++at;
    if (at == end) break;
    if (buffer[at] == '\n') return malformed(side, "a LF without CR in the head");
    if (buffer[at] != '\r') {
      return malformed(side, fmt::format("a control character (0x{:02x}) in the head",
                                         static_cast<unsigned char>(buffer[at])));
    }
  }
  if (buffer.size() >= limit) {
    return too_large(side, fmt::format("the head is longer than {} bytes", limit));
  }
  return std::size_t{0};
}

Result<void> check_field_line(std::string_view line, Side side) {
  if (!line.empty() && is_blank(line.front())) {
    return malformed(side, "a field line that starts with white space (obsolete line folding)");
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return malformed(side, "a field line without a colon");
  const std::string_view name = line.substr(0, colon);
  if (!is_token(name)) {
    // Without its text: what stands before the colon of a broken line may be a cookie.
    return malformed(side, "a field line whose name is no token (RFC 9110 section 5.1)");
  }
  for (const char c : line) {
    if (!is_plain(c)) return malformed(side, "a control character in a field");
  }
  if (declares_length(name) && is_blank(line.back())) {
    return malformed(side, fmt::format("white space after the value of {}", name));
  }
  return {};
}

Result<HeadLines> scan_head(std::string_view head, Side side) {
  auto end = find_head_end(head, std::numeric_limits<std::size_t>::max(), 0, side);
  if (!end) return std::move(end).error();
  if (*end != head.size() || head.empty()) return malformed(side, "the head is not complete");
  if (head.substr(0, 2) == "\r\n") return malformed(side, "the head starts with an empty line");

  HeadLines lines;
  lines.start_line = take_line(head);
  for (;;) {
    const std::string_view line = take_line(head);
    if (line.empty()) return lines;
    if (++lines.fields > kMaxFields) {
      return too_large(side, fmt::format("more than {} header fields", kMaxFields));
    }
    auto good = check_field_line(line, side);
    if (!good) return std::move(good).error();
  }
}

Result<DeclaredLength> declared_length(const Headers& headers, int minor_version, Side side) {
  const std::size_t lengths = headers.count("Content-Length");
  const std::size_t codings = headers.count("Transfer-Encoding");
  if (lengths > 1) return malformed(side, "Content-Length is given more than once");
  if (codings > 1) return malformed(side, "Transfer-Encoding is given more than once");
  if (lengths + codings == 2) return malformed(side, "both Content-Length and Transfer-Encoding");
  DeclaredLength declared;
  if (codings == 1) {
    if (minor_version == 0) return malformed(side, "Transfer-Encoding in HTTP/1.0");
    const std::string_view coding = *headers.find("Transfer-Encoding");
    if (!iequals(coding, "chunked")) {
      return malformed(side, "Transfer-Encoding is not exactly \"chunked\"");
    }
    declared.kind = DeclaredLength::Kind::chunked;
  } else if (lengths == 1) {
    const std::string_view text = *headers.find("Content-Length");
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, declared.length);
    // Below 2^63, as many parsers keep lengths in a signed integer.
    constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
    if (error != std::errc{} || rest != end || declared.length > most || text.size() > 19) {
      return malformed(side, "Content-Length is no length");
    }
    declared.kind = DeclaredLength::Kind::length;
  }
  return declared;
}

bool is_persistent(const Headers& headers, int minor_version) {
  if (headers.has_token("Connection", "close")) return false;
  return minor_version >= 1 || headers.has_token("Connection", "keep-alive");
}

}  // namespace wssgate::http
