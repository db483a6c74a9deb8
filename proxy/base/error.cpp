#include "base/error.h"

#include <array>
#include <cstddef>

namespace wssgate {
namespace {

struct ReasonFacts {
  Reason reason;
  std::string_view label;
  int status;
  std::uint8_t alert;
  std::string_view sentence;
};

// Alerts: 40 handshake_failure, 50 decode_error, 80 internal_error, 109 missing_extension, 112
// unrecognized_name.
constexpr std::array kReasons = {
    ReasonFacts{Reason::none, "none", 0, 0, ""},
    ReasonFacts{Reason::connection_limit, "connection_limit", 0, 0,
                "limits.connections is reached"},
    ReasonFacts{Reason::address_connection_limit, "address_connection_limit", 0, 0,
                "limits.connections_per_address is reached"},
    ReasonFacts{Reason::handshake_rate, "handshake_rate", 0, 0,
                "the client's address connects more often than limits.handshakes_per_address"},
    ReasonFacts{Reason::proxy_header_missing, "proxy_header_missing", 0, 0,
                "this peer must begin with a PROXY header, and sent none"},
    ReasonFacts{Reason::malformed_proxy_header, "malformed_proxy_header", 0, 0,
                "the PROXY header is malformed"},
    ReasonFacts{Reason::proxy_header_refused, "proxy_header_refused", 0, 0,
                "the client sent a PROXY header but is not listed in the listener's "
                "proxy_protocol"},
    ReasonFacts{Reason::client_hello_timeout, "client_hello_timeout", 0, 0,
                "no complete ClientHello came within timeouts.client_hello"},
    ReasonFacts{Reason::client_hello_too_large, "client_hello_too_large", 0, 50,
                "the ClientHello is larger than limits.client_hello"},
    ReasonFacts{Reason::malformed_client_hello, "malformed_client_hello", 0, 50,
                "the ClientHello is malformed"},
    ReasonFacts{Reason::not_tls, "not_tls", 0, 0, "what came is no TLS"},
    ReasonFacts{Reason::plain_http, "plain_http", 400, 0,
                "a plain HTTP request came to a TLS port"},
    ReasonFacts{Reason::missing_server_name, "missing_server_name", 0, 109,
                "the client sent no server name"},
    ReasonFacts{Reason::unknown_server_name, "unknown_server_name", 0, 112,
                "no host is configured for this name"},
    ReasonFacts{Reason::certificate_unavailable, "certificate_unavailable", 0, 80,
                "nothing may serve this name any more: 'wssgate status' says why"},
    ReasonFacts{Reason::handshake_limit, "handshake_limit", 0, 80, "limits.handshakes is reached"},
    ReasonFacts{Reason::handshake_timeout, "handshake_timeout", 0, 0,
                "the TLS handshake took longer than timeouts.handshake"},
    ReasonFacts{Reason::handshake_failed, "handshake_failed", 0, 40, "the TLS handshake failed"},
    ReasonFacts{Reason::staple_unavailable, "staple_unavailable", 0, 80,
                "the certificate must be served with an OCSP staple, and there is no good one"},
    ReasonFacts{Reason::tls_error, "tls_error", 0, 0, "the TLS connection broke"},
    // OpenSSL sends the alert that fits: certificate_required, unknown_ca, certificate_expired …
    ReasonFacts{Reason::client_certificate_missing, "client_certificate_missing", 0, 0,
                "the client sent no certificate, and the host requires one"},
    ReasonFacts{Reason::client_certificate_refused, "client_certificate_refused", 0, 0,
                "the client's certificate is not one that the host takes"},
    ReasonFacts{Reason::malformed_request, "malformed_request", 400, 0, "the request is malformed"},
    ReasonFacts{Reason::request_head_too_large, "request_head_too_large", 431, 0,
                "the request head is larger than limits.request_head"},
    ReasonFacts{Reason::request_head_timeout, "request_head_timeout", 408, 0,
                "the request head took longer than timeouts.request_head"},
    ReasonFacts{Reason::request_body_timeout, "request_body_timeout", 408, 0,
                "the client sent nothing of its request body for timeouts.idle_http"},
    ReasonFacts{Reason::request_body_too_large, "request_body_too_large", 413, 0,
                "the request body is larger than limits.request_body"},
    ReasonFacts{Reason::request_rate, "request_rate", 429, 0,
                "the client's address asks more often than limits.requests_per_address"},
    ReasonFacts{Reason::method_refused, "method_refused", 405, 0,
                "the method is not for a proxy like this"},
    ReasonFacts{Reason::http_version_refused, "http_version_refused", 505, 0,
                "the HTTP version is neither 1.0 nor 1.1"},
    ReasonFacts{Reason::misdirected_request, "misdirected_request", 421, 0,
                "Host is not among the names of the host that the server name led to"},
    ReasonFacts{Reason::no_route, "no_route", 404, 0, "no route of the host covers the path"},
    ReasonFacts{Reason::websocket_required, "websocket_required", 426, 0,
                "the route takes WebSocket upgrades only"},
    ReasonFacts{Reason::websocket_refused, "websocket_refused", 403, 0,
                "the route takes no WebSocket upgrades"},
    ReasonFacts{Reason::websocket_version, "websocket_version", 426, 0,
                "the WebSocket version is not 13"},
    ReasonFacts{Reason::malformed_upgrade, "malformed_upgrade", 400, 0,
                "the WebSocket upgrade is malformed"},
    ReasonFacts{Reason::origin_refused, "origin_refused", 403, 0,
                "the Origin is not among the route's allowed_origins"},
    ReasonFacts{Reason::upstream_unavailable, "upstream_unavailable", 503, 80,
                "no endpoint of the upstream can be tried"},
    ReasonFacts{Reason::upstream_busy, "upstream_busy", 503, 80,
                "every endpoint has its max_connections, and the upstream's queue is full"},
    ReasonFacts{Reason::upstream_queue_timeout, "upstream_queue_timeout", 503, 80,
                "every endpoint had its max_connections for the queue's timeout"},
    ReasonFacts{Reason::upstream_refused, "upstream_refused", 502, 80,
                "the upstream refused the connection"},
    ReasonFacts{Reason::upstream_connect_timeout, "upstream_connect_timeout", 504, 80,
                "the upstream did not accept a connection within timeouts.connect"},
    ReasonFacts{Reason::upstream_handshake_timeout, "upstream_handshake_timeout", 504, 0,
                "connecting to the upstream and its TLS handshake took longer than "
                "timeouts.connect"},
    ReasonFacts{Reason::upstream_not_tls, "upstream_not_tls", 502, 0,
                "what the upstream answers is no TLS"},
    ReasonFacts{Reason::upstream_tls_version, "upstream_tls_version", 502, 0,
                "the upstream speaks neither TLS 1.2 nor 1.3"},
    ReasonFacts{Reason::upstream_tls_alert, "upstream_tls_alert", 502, 0,
                "the upstream refused TLS with an alert"},
    ReasonFacts{Reason::upstream_tls_failed, "upstream_tls_failed", 502, 0,
                "TLS with the upstream failed"},
    ReasonFacts{Reason::upstream_certificate_name, "upstream_certificate_name", 502, 0,
                "the upstream's certificate is for other names"},
    ReasonFacts{Reason::upstream_certificate_untrusted, "upstream_certificate_untrusted", 502, 0,
                "the upstream's certificate leads to no trusted CA"},
    ReasonFacts{Reason::upstream_certificate_self_signed, "upstream_certificate_self_signed", 502,
                0, "the upstream's certificate has signed itself"},
    ReasonFacts{Reason::upstream_certificate_dates, "upstream_certificate_dates", 502, 0,
                "the upstream's certificate is out of date"},
    ReasonFacts{Reason::upstream_certificate_refused, "upstream_certificate_refused", 502, 0,
                "the upstream's certificate is not acceptable"},
    ReasonFacts{Reason::upstream_timeout, "upstream_timeout", 504, 0,
                "the upstream was silent for too long (timeouts.upgrade or timeouts.idle_http)"},
    ReasonFacts{Reason::upstream_closed, "upstream_closed", 502, 0,
                "the upstream closed the connection"},
    ReasonFacts{Reason::upstream_truncated, "upstream_truncated", 502, 0,
                "the upstream closed in the middle of its response"},
    ReasonFacts{Reason::upstream_reset, "upstream_reset", 502, 0,
                "the upstream reset the connection"},
    ReasonFacts{Reason::malformed_response, "malformed_response", 502, 0,
                "the upstream's response is malformed"},
    ReasonFacts{Reason::malformed_upgrade_response, "malformed_upgrade_response", 502, 0,
                "the upstream's answer to the upgrade is malformed"},
    ReasonFacts{Reason::client_closed, "client_closed", 0, 0, "the client closed the connection"},
    ReasonFacts{Reason::client_reset, "client_reset", 0, 0, "the client reset the connection"},
    ReasonFacts{Reason::idle, "idle", 0, 0, "nothing happened for too long"},
    ReasonFacts{Reason::stalled, "stalled", 0, 0,
                "nothing of what was sent was taken for too long"},
    ReasonFacts{Reason::ping_timeout, "ping_timeout", 0, 0,
                "nothing came for websocket.ping_timeout after a ping"},
    ReasonFacts{Reason::message_too_large, "message_too_large", 0, 0,
                "the message is larger than websocket.max_message"},
    ReasonFacts{Reason::max_age, "max_age", 0, 0, "it has been open for websocket.max_age"},
    ReasonFacts{Reason::draining, "draining", 503, 0,
                "wssgate drains, and this had not ended at the drain limit"},
    ReasonFacts{Reason::closed_by_operator, "closed_by_operator", 0, 0,
                "it was closed over the admin interface"},
    ReasonFacts{Reason::internal_error, "internal_error", 500, 0, "a bug in wssgate"},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    if (static_cast<std::size_t>(kReasons[i].reason) != i) return false;
  }
  return kReasons.size() == kReasonCount;
}
static_assert(in_order(), "kReasons has one row for each Reason, in the order of the enum");

const ReasonFacts& facts(Reason reason) { return kReasons[static_cast<std::size_t>(reason)]; }

}  // namespace

std::string_view reason_label(Reason reason) { return facts(reason).label; }
int http_status(Reason reason) { return facts(reason).status; }
std::uint8_t tls_alert(Reason reason) { return facts(reason).alert; }
std::string_view Error::text() const {
  return context.empty() ? facts(reason).sentence : std::string_view(context);
}

std::string_view side_label(Side side) {
  switch (side) {
    case Side::client:
      return "client";
    case Side::upstream:
      return "upstream";
    case Side::proxy:
      break;
  }
  return "proxy";
}

}  // namespace wssgate
