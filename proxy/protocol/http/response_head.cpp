#include <fmt/format.h>

#include "base/text.h"
#include "protocol/http/head_scan.h"

namespace wssgate::http {
namespace {

Error bad_response(std::string what) { return malformed(Side::upstream, std::move(what)); }

struct StatusLine {
  int minor_version = 1;
  int status = 0;
  std::size_t phrase_at = 0;
};

/// "HTTP/1.x NNN phrase". The space before an empty phrase may lack, as many servers have it.
Result<StatusLine> parse_status_line(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/1.";
  constexpr std::size_t kStatusAt = kVersion.size() + 2;
  constexpr std::size_t kShortest = kStatusAt + 3;
  if (line.size() < kShortest || line.substr(0, kVersion.size()) != kVersion) {
    return bad_response("the status line does not start with HTTP/1.1 or HTTP/1.0");
  }
  const char minor = line[kVersion.size()];
  if ((minor != '0' && minor != '1') || line[kStatusAt - 1] != ' ') {
    return bad_response("the status line does not start with HTTP/1.1 or HTTP/1.0");
  }
  StatusLine parsed;
  parsed.minor_version = minor - '0';
  for (const char c : line.substr(kStatusAt, 3)) {
    if (!is_digit(c)) return bad_response("the status is not three digits");
    parsed.status = parsed.status * 10 + (c - '0');
  }
  if (parsed.status < 100) return bad_response("the status is below 100");
  if (line.size() > kShortest && line[kShortest] != ' ') {
    return bad_response("the status is not three digits");
  }
  parsed.phrase_at = line.size() > kShortest ? kShortest + 1 : kShortest;
  return parsed;
}

bool has_no_body(int status, std::string_view request_method) {
  return request_method == "HEAD" || status / 100 == 1 || status == 204 || status == 304;
}

/// RFC 9112 §6.3.
Framing framing_of(const DeclaredLength& declared, int status, std::string_view request_method) {
  if (has_no_body(status, request_method)) return {Framing::Kind::none, 0};
  switch (declared.kind) {
    case DeclaredLength::Kind::length:
      return {Framing::Kind::length, declared.length};
    case DeclaredLength::Kind::chunked:
      return {Framing::Kind::chunked, 0};
    case DeclaredLength::Kind::none:
      break;
  }
  return {Framing::Kind::until_close, 0};
}

}  // namespace

Result<ResponseHead> parse_response_head(std::string_view head, std::string_view request_method) {
  auto lines = scan_head(head, Side::upstream);
  if (!lines) return std::move(lines).error();
  auto line = parse_status_line(lines->start_line);
  if (!line) return std::move(line).error();

  ResponseHead response{HeadText(head)};
  const std::string_view text = response.text.view();
  response.status = line->status;
  response.minor_version = line->minor_version;
  response.phrase = text.substr(line->phrase_at, lines->start_line.size() - line->phrase_at);

  auto headers = parse_fields(text, *lines, Side::upstream);
  if (!headers) return std::move(headers).error();
  response.headers = std::move(*headers);
  auto declared = declared_length(response.headers, response.minor_version, Side::upstream);
  if (!declared) return std::move(declared).error();
  response.framing = framing_of(*declared, response.status, request_method);
  response.keep_alive = response.framing.kind != Framing::Kind::until_close &&
                        is_persistent(response.headers, response.minor_version);
  return response;
}

}  // namespace wssgate::http
