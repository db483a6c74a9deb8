#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/http/head.h"

/// The strict reading of a head's bytes, before and around llhttp. Internal to this folder.
///
/// llhttp tolerates more than two parsers can be trusted to agree on. Tried on 8.1 in strict mode,
/// it accepts any number of leading CR and LF, several spaces in the request line, a bare LF after
/// a start line and at the end of the head, obs-fold, a field without a name, HTTP/0.9 and 2.0,
/// RTSP, status codes of any number of digits, control characters in the phrase, white space after
/// a length, codings before chunked, chunked in HTTP/1.0, and fragments. So the grammar is judged
/// here first, and what llhttp then finds must agree with it.
namespace wssgate::http {

/// Far more than browsers and proxies send (about 40); a head with more is an attack on the loops
/// that look for a field.
constexpr std::size_t kMaxFields = 256;

/// malformed_request or malformed_response, whichever `side` sends.
Error malformed(Side side, std::string what);

struct HeadLines {
  std::string_view start_line;  ///< without its CRLF
  std::size_t fields = 0;       ///< how many field lines follow
};

/// The lines of a complete head, each field line proven to be `name:value` with a token for a name
/// and no control characters. `head` ends with its empty line and has none before.
Result<HeadLines> scan_head(std::string_view head, Side side);

/// One field line without its CRLF, as scan_head() demands it; also for trailer sections.
Result<void> check_field_line(std::string_view line, Side side);

/// Lets llhttp parse a head that scan_head() found good, and takes the fields from it.
Result<Headers> parse_fields(std::string_view head, const HeadLines& lines, Side side);

/// What a head says about its body's length.
struct DeclaredLength {
  enum class Kind : std::uint8_t { none, length, chunked };
  Kind kind = Kind::none;
  std::uint64_t length = 0;
};

/// Refuses every declaration but one plain Content-Length, or one "Transfer-Encoding: chunked" in
/// HTTP/1.1 (RFC 9112 §6.1, §6.3).
Result<DeclaredLength> declared_length(const Headers& headers, int minor_version, Side side);

/// RFC 9112 §9.3.
bool is_persistent(const Headers& headers, int minor_version);

}  // namespace wssgate::http
