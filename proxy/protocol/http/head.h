#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

/// HTTP/1.1 messages (RFC 9112) as values. No I/O: callers feed bytes that they hold.
namespace wssgate::http {

/// Of a server's answer, in bytes: more than any sends by default. Beyond it is a broken upstream.
inline constexpr std::size_t kMostResponseHead = std::size_t{64} * 1024;

struct Header {
  std::string_view name;
  std::string_view value;
};

/// The fields of one head in the order they came. Views into the head's own text.
class Headers {
 public:
  void reserve(std::size_t fields) { fields_.reserve(fields); }
  void add(std::string_view name, std::string_view value) { fields_.push_back({name, value}); }

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

  /// The first value of that name (case-insensitive).
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  /// True when any of the fields of that name, read as a comma-separated list, has the token
  /// (case-insensitive), as RFC 9110 §5.6.1 has it for Connection and Upgrade.
  bool has_token(std::string_view name, std::string_view token) const;

 private:
  std::vector<Header> fields_;
};

/// How a message's body ends (RFC 9112 §6.3).
struct Framing {
  enum class Kind : std::uint8_t { none, length, chunked, until_close };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  ///< for Kind::length

  /// There is no body, or one of no bytes.
  bool is_empty() const { return kind == Kind::none || (kind == Kind::length && length == 0); }
};

/// Text that a head's views point into. Moves keep the views valid; copies are not made.
class HeadText {
 public:
  explicit HeadText(std::string_view text) : bytes_(text.begin(), text.end()) {}
  HeadText(HeadText&&) = default;
  HeadText& operator=(HeadText&&) = default;
  HeadText(const HeadText&) = delete;
  HeadText& operator=(const HeadText&) = delete;
  ~HeadText() = default;

  std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::vector<char> bytes_;  // unlike a string's, its bytes never move with the object
};

/// A request that can be read in one way only: everything ambiguous was refused while parsing.
struct RequestHead {
  explicit RequestHead(HeadText bytes) : text(std::move(bytes)) {}

  HeadText text;
  std::string_view method;
  /// In origin form ("/chat?room=1") or "*". An absolute form was reduced to its origin form.
  std::string_view target;
  /// The Host field's value as sent, with its port; empty only for an HTTP/1.0 client without one.
  std::string_view authority;
  /// `authority` without port, canonical (base/hostname.h); empty when it is no host name.
  std::string host;
  int minor_version = 1;
  Headers headers;
  Framing framing;
  /// The client is willing to send another request on this connection (RFC 9112 §9.3).
  bool keep_alive = true;
  bool expects_continue = false;
};

struct ResponseHead {
  explicit ResponseHead(HeadText bytes) : text(std::move(bytes)) {}

  HeadText text;
  int status = 0;
  std::string_view phrase;
  int minor_version = 1;
  Headers headers;
  Framing framing;
  bool keep_alive = true;

  bool is_interim() const { return status >= 100 && status < 200 && status != 101; }
};

/// The length of the head at the start of `buffer`, its closing empty line included; 0 while it is
/// not complete. Skips nothing: an empty line before a request line (RFC 9112 §2.2) is part of
/// the head's length and parse_request_head() tolerates one. Refuses as early as it can see it:
/// a head longer than `limit` (request_head_too_large), a bare CR or LF, NUL and other control
/// characters (malformed_request).
/// `from` is where the last call stopped (buffer size then), so that a head that drips in is
/// scanned once. `side` is who sends the head: upstream's errors are all malformed_response.
Result<std::size_t> find_head_end(std::string_view buffer, std::size_t limit, std::size_t from = 0,
                                  Side side = Side::client);

/// Parses one complete head as found by find_head_end(). Refuses with malformed_request (and a
/// sentence in `context` that says what) everything that two parsers could read differently:
/// both lengths, several lengths that differ, obs-fold, white space before a colon, unknown or
/// repeated transfer codings or chunked not last, chunked in HTTP/1.0, missing (1.1) or repeated
/// Host, a Host that is no authority, an absolute form with another host than Host or with user
/// information, dot segments or broken percent-encoding in the path, control characters.
/// request_head_too_large: more than 256 fields.
/// method_refused: CONNECT, TRACE and what HTTP does not know. http_version_refused: anything but
/// HTTP/1.0 and HTTP/1.1.
Result<RequestHead> parse_request_head(std::string_view head);

/// Parses one complete response head. `request_method` decides the framing (HEAD has no body;
/// RFC 9112 §6.3). Errors: malformed_response, side upstream.
Result<ResponseHead> parse_response_head(std::string_view head, std::string_view request_method);

/// The path to match routes by: the target without its query, percent-decoded, repeated slashes
/// merged. The request goes upstream as it was sent; this is only for matching. "/" for "*".
std::string route_path(std::string_view target);

/// Percent-decoded once; what is no valid encoding stays as it is.
std::string percent_decoded(std::string_view text);

}  // namespace wssgate::http
