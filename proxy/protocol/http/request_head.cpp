#include <fmt/format.h>

#include "base/text.h"
#include "protocol/http/fields.h"
#include "protocol/http/head_scan.h"
#include "protocol/http/target.h"

namespace wssgate::http {
namespace {

// A client names a handful of fields in Connection; thousands would make removing them slow.
constexpr std::size_t kMaxConnectionOptions = 64;

Error bad_request(std::string what) { return malformed(Side::client, std::move(what)); }

struct RequestLine {
  std::string_view method;
  std::string_view target;
  int minor_version = 1;
};

bool is_some_version(std::string_view text) {
  return text.size() == 8 && text.substr(0, 5) == "HTTP/" && is_digit(text[5]) && text[6] == '.' &&
         is_digit(text[7]);
}

bool is_refused_method(std::string_view method) {
  // PRI is how HTTP/2 starts on a connection that was not negotiated for it.
  return method == "CONNECT" || method == "TRACE" || method == "PRI";
}

/// RFC 9112 §3: exactly one space between the three parts.
Result<RequestLine> parse_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || second == first + 1) {
    return bad_request("the request line is not \"method target version\"");
  }
  RequestLine parsed;
  parsed.method = line.substr(0, first);
  parsed.target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!is_token(parsed.method)) return bad_request("the method is no token");
  if (!is_some_version(version)) {
    return bad_request("the request line does not end with an HTTP version");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return Error(Reason::http_version_refused, Side::client,
                 fmt::format("{}; HTTP/1.1 and HTTP/1.0 are served", version));
  }
  if (is_refused_method(parsed.method)) {
    return Error(Reason::method_refused, Side::client,
                 fmt::format("{} is not served", parsed.method));
  }
  parsed.minor_version = version.back() - '0';
  return parsed;
}

/// The one Host field; nothing for an HTTP/1.0 client without one.
Result<std::optional<Authority>> read_host(const Headers& headers, int minor_version) {
  const std::size_t count = headers.count("Host");
  if (count > 1) return bad_request("Host is given more than once");
  if (count == 0) {
    if (minor_version == 0) return std::optional<Authority>();
    return bad_request("Host is missing");
  }
  auto authority = Authority::parse(*headers.find("Host"));
  if (!authority) return bad_request("Host is no host name or address with an optional port");
  return authority;
}

bool same_authority(const AbsoluteTarget& target, const Authority& host) {
  const std::uint16_t port = default_port(target.scheme);
  return target.authority.host == host.host && target.authority.port_or(port) == host.port_or(port);
}

Result<void> fill_host(RequestHead& head, const std::optional<AbsoluteTarget>& absolute) {
  auto host = read_host(head.headers, head.minor_version);
  if (!host) return std::move(host).error();
  if (absolute && !*host) return bad_request("the target is absolute, and Host is missing");
  if (absolute && !same_authority(*absolute, **host)) {
    return bad_request("the target names another host than Host");
  }
  if (!*host) return {};
  head.authority = *head.headers.find("Host");
  if ((*host)->is_name) head.host = (*host)->host;
  return {};
}

Result<void> fill_framing(RequestHead& head) {
  auto declared = declared_length(head.headers, head.minor_version, Side::client);
  if (!declared) return std::move(declared).error();
  if (declared->kind == DeclaredLength::Kind::chunked) head.framing.kind = Framing::Kind::chunked;
  if (declared->kind == DeclaredLength::Kind::length) {
    head.framing = {Framing::Kind::length, declared->length};
  }
  return {};
}

/// The head's text with a target of absolute form replaced by its origin form.
HeadText with_target(std::string_view head, const RequestLine& line, std::string_view target) {
  const std::string_view after = head.substr(line.method.size() + 1 + line.target.size());
  std::string text;
  text.reserve(line.method.size() + 1 + target.size() + after.size());
  text += line.method;
  text += ' ';
  text += target;
  text += after;
  return HeadText(text);
}

Result<void> check_target(std::string_view target, std::string_view method) {
  if (target != "*") return check_origin_form(target);
  if (method != "OPTIONS") return bad_request("the target \"*\" is for OPTIONS only");
  return {};
}

}  // namespace

Result<RequestHead> parse_request_head(std::string_view head) {
  if (head.substr(0, 2) == "\r\n") head.remove_prefix(2);  // RFC 9112 §2.2
  auto lines = scan_head(head, Side::client);
  if (!lines) return std::move(lines).error();
  auto line = parse_request_line(lines->start_line);
  if (!line) return std::move(line).error();

  std::optional<AbsoluteTarget> absolute;
  if (is_absolute_form(line->target)) {
    auto parsed = parse_absolute_target(line->target, line->method);
    if (!parsed) return std::move(parsed).error();
    absolute = std::move(*parsed);
  }
  const std::string_view target = absolute ? absolute->origin_form : line->target;
  auto good_target = check_target(target, line->method);
  if (!good_target) return std::move(good_target).error();

  RequestHead request(absolute ? with_target(head, *line, target) : HeadText(head));
  const std::string_view text = request.text.view();
  request.method = text.substr(0, line->method.size());
  request.target = text.substr(request.method.size() + 1, target.size());
  request.minor_version = line->minor_version;

  auto headers = parse_fields(text, *lines, Side::client);
  if (!headers) return std::move(headers).error();
  request.headers = std::move(*headers);
  if (connection_options(request.headers).size() > kMaxConnectionOptions) {
    return bad_request(fmt::format("Connection names more than {} fields", kMaxConnectionOptions));
  }
  auto good_host = fill_host(request, absolute);
  if (!good_host) return std::move(good_host).error();
  auto good_framing = fill_framing(request);
  if (!good_framing) return std::move(good_framing).error();

  request.keep_alive = is_persistent(request.headers, request.minor_version);
  request.expects_continue = request.minor_version >= 1 &&
                             request.framing.kind != Framing::Kind::none &&
                             request.headers.has_token("Expect", "100-continue");
  return request;
}

}  // namespace wssgate::http
