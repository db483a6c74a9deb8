#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace wssgate {

/// Who caused an ending: the client that connected to us, the upstream that we connect to, or
/// wssgate itself (a limit, a deadline, a rule of the configuration).
enum class Side : std::uint8_t { client, upstream, proxy };

/// Why something ended or was refused. The labels (`reason_label`) are stable: they stand in logs,
/// metrics and the admin view, and people alert on them. Never renumber by meaning, only add.
enum class Reason : std::uint8_t {
  none,  ///< ended as it should
  // before TLS
  connection_limit,
  address_connection_limit,
  handshake_rate,
  proxy_header_missing,
  malformed_proxy_header,
  proxy_header_refused,
  client_hello_timeout,
  client_hello_too_large,
  malformed_client_hello,
  not_tls,
  plain_http,
  missing_server_name,
  unknown_server_name,
  certificate_unavailable,
  // the TLS handshake
  handshake_limit,
  handshake_timeout,
  handshake_failed,
  staple_unavailable,
  tls_error,
  client_certificate_missing,
  client_certificate_refused,
  // requests
  malformed_request,
  request_head_too_large,
  request_head_timeout,
  request_body_timeout,
  request_body_too_large,
  request_rate,
  method_refused,
  http_version_refused,
  misdirected_request,
  no_route,
  websocket_required,
  websocket_refused,
  websocket_version,
  malformed_upgrade,
  origin_refused,
  // upstreams
  upstream_unavailable,
  upstream_busy,
  upstream_queue_timeout,
  upstream_refused,
  upstream_connect_timeout,
  upstream_handshake_timeout,
  upstream_not_tls,
  upstream_tls_version,
  upstream_tls_alert,
  upstream_tls_failed,
  upstream_certificate_name,
  upstream_certificate_untrusted,
  upstream_certificate_self_signed,
  upstream_certificate_dates,
  upstream_certificate_refused,
  upstream_timeout,
  upstream_closed,
  upstream_truncated,
  upstream_reset,
  malformed_response,
  malformed_upgrade_response,
  // endings
  client_closed,
  client_reset,
  idle,
  stalled,
  ping_timeout,
  message_too_large,
  max_age,
  draining,
  closed_by_operator,
  internal_error,
};

constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::internal_error) + 1;

/// The stable machine-readable word for a reason, such as "unknown_server_name".
std::string_view reason_label(Reason reason);

/// The status of the answer that explains this reason to an HTTP client; 0 where the reason is
/// never answered over HTTP.
int http_status(Reason reason);

/// The TLS alert description that explains this reason (RFC 8446 §6.2); 0 where none is sent.
/// `missing_server_name` answers 109 only to a hello that offers TLS 1.3: see `hello_alert`.
std::uint8_t tls_alert(Reason reason);

std::string_view side_label(Side side);

/// One failure: why, by whom, and the detail that the person reading the log needs.
struct Error {
  Reason reason;
  Side side;
  std::string context;

  Error(Reason why, Side who, std::string detail = {})
      : reason(why), side(who), context(std::move(detail)) {}

  /// For a log: the detail, or else what the reason says by itself.
  std::string_view text() const;
};

}  // namespace wssgate
