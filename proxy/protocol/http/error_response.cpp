#include <fmt/format.h>

#include "protocol/http/fields.h"
#include "protocol/http/forward.h"

namespace wssgate::http {
namespace {

/// What a client is told. Says nothing of upstreams, addresses or the configuration, and repeats
/// no byte of the request.
std::string_view explanation(Reason reason) {
  switch (reason) {
    case Reason::plain_http:
      return "This port speaks TLS; use https:// or wss:// instead of http:// or ws://.";
    case Reason::malformed_request:
      return "The request is malformed or ambiguous, so it was not passed on.";
    case Reason::request_head_too_large:
      return "The request line and header fields are too large; large cookies are the usual cause.";
    case Reason::request_head_timeout:
    case Reason::request_body_timeout:
      return "The request did not arrive in time.";
    case Reason::request_body_too_large:
      return "The request body is larger than is taken here.";
    case Reason::request_rate:
      return "Too many requests from your address; try again in a moment.";
    case Reason::method_refused:
      return "This method is not served here.";
    case Reason::http_version_refused:
      return "Only HTTP/1.1 and HTTP/1.0 are served here.";
    case Reason::misdirected_request:
      return "The Host of the request is not among the names this connection was opened for; "
             "open a new connection with that server name.";
    case Reason::no_route:
      return "Nothing is served under this path.";
    case Reason::websocket_required:
      return "This address serves WebSockets only; connect with a WebSocket client.";
    case Reason::websocket_refused:
      return "This address does not serve WebSockets.";
    case Reason::websocket_version:
      return "Only version 13 of the WebSocket protocol is served here.";
    case Reason::malformed_upgrade:
      return "The WebSocket handshake is not as RFC 6455 section 4.2.1 demands it.";
    case Reason::origin_refused:
      return "WebSockets to this address may not be opened from pages of this origin.";
    case Reason::upstream_unavailable:
      return "No server is available for this address right now; try again shortly.";
    case Reason::upstream_busy:
    case Reason::upstream_queue_timeout:
      return "The servers behind this address are busy; try again shortly.";
    case Reason::upstream_connect_timeout:
    case Reason::upstream_handshake_timeout:
    case Reason::upstream_timeout:
      return "The server behind this address did not answer in time.";
    case Reason::upstream_refused:
    case Reason::upstream_closed:
    case Reason::upstream_truncated:
    case Reason::upstream_reset:
      return "The server behind this address could not be reached or broke off.";
    case Reason::upstream_not_tls:
    case Reason::upstream_tls_version:
    case Reason::upstream_tls_alert:
    case Reason::upstream_tls_failed:
    case Reason::upstream_certificate_name:
    case Reason::upstream_certificate_untrusted:
    case Reason::upstream_certificate_self_signed:
    case Reason::upstream_certificate_dates:
    case Reason::upstream_certificate_refused:
      return "No secure connection to the server behind this address could be made.";
    case Reason::malformed_response:
    case Reason::malformed_upgrade_response:
      return "The server behind this address gave an invalid answer.";
    case Reason::draining:
      return "This server is being taken out of service; connect again to reach another one.";
    default:
      return "The request could not be served because of an internal error.";
  }
}

void append_demanded(std::string& out, Reason reason, int status) {
  if (status == 426) {
    append_field(out, "Upgrade", "websocket");  // RFC 9110 §15.5.22
    append_field(out, "Connection", "Upgrade");
  }
  if (reason == Reason::websocket_version) append_field(out, "Sec-WebSocket-Version", "13");
  if (status == 429) append_field(out, "Retry-After", "1");
  if (reason == Reason::draining) append_field(out, "Retry-After", "5");  // seconds
  if (status == 405) append_field(out, "Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
}

}  // namespace

std::string error_response(const Error& error, bool head_request, bool keep_alive,
                           std::string_view strict_transport_security,
                           std::string_view request_id) {
  const int answered = http_status(error.reason);
  const int status = answered == 0 ? 500 : answered;
  const std::string_view phrase = status_phrase(status);
  const std::string body = fmt::format("{} {}: {}\n", status, phrase, explanation(error.reason));
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", status, phrase);
  append_field(out, "Content-Type", "text/plain; charset=utf-8");
  append_field(out, "Content-Length", fmt::format_int(body.size()).c_str());
  append_demanded(out, error.reason, status);
  if (!strict_transport_security.empty()) {
    append_field(out, "Strict-Transport-Security", strict_transport_security);
  }
  if (!request_id.empty()) append_field(out, kRequestId, request_id);
  if (!keep_alive) append_field(out, "Connection", "close");
  out += "\r\n";
  if (!head_request) out += body;
  return out;
}

std::string redirect_response(const std::string& location, bool head_request,
                              std::string_view request_id) {
  const std::string_view phrase = status_phrase(kPermanentRedirect);
  const std::string body = fmt::format("{} {}: {}\n", kPermanentRedirect, phrase,
                                       "This address is served over TLS only.");
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", kPermanentRedirect, phrase);
  append_field(out, "Location", location);
  append_field(out, "Content-Type", "text/plain; charset=utf-8");
  append_field(out, "Content-Length", fmt::format_int(body.size()).c_str());
  if (!request_id.empty()) append_field(out, kRequestId, request_id);
  append_field(out, "Connection", "close");
  out += "\r\n";
  if (!head_request) out += body;
  return out;
}

std::string_view status_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 304:
      return "Not Modified";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 421:
      return "Misdirected Request";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return {};
  }
}

}  // namespace wssgate::http
