#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/http/head.h"

/// Heads as they leave wssgate: hop-by-hop fields removed (RFC 9110 §7.6.1), ours added.
namespace wssgate::http {

/// What a request's forwarding fields are made of.
struct ForwardingFacts {
  /// The peer's IP address without brackets, or "unix".
  std::string_view client_ip;
  /// The server name of the TLS handshake: the Host of an HTTP/1.0 client that sent none.
  std::string_view server_name;
  /// The peer is a trusted proxy: its forwarding fields are kept and extended, not replaced.
  bool trusted_client = false;
  /// What client_certificate_fields() made; empty where the client showed no certificate.
  std::string_view client_certificate = {};
  /// The X-Request-ID, in place of the client's own; empty: the client's passes.
  std::string_view request_id = {};
};

/// The field lines Client-Cert and, where there is more than one, Client-Cert-Chain (RFC 9440 §2)
/// for a verified chain in DER, the client's own certificate first. Empty for an empty chain.
std::string client_certificate_fields(const std::vector<std::string>& chain);

/// The head for the upstream: same method, target, Host and end-to-end fields; HTTP/1.1; hop-by-hop
/// fields and those that Connection names removed ("TE: trailers" is kept); X-Forwarded-For,
/// X-Forwarded-Proto (https), X-Forwarded-Host, Forwarded (RFC 7239) and the client's certificate
/// set; a client's own Client-Cert never passes, not even a trusted proxy's. A chunked body stays
/// chunked. `websocket` passes the upgrade on (Connection: Upgrade, Upgrade: websocket); no other
/// upgrade passes. Host, Expect, framing, forwarding and trace context fields stay even if
/// Connection names them, and client-sent spellings that backends fold into those fields
/// ("X_Forwarded_For") are removed.
std::string upstream_request_head(const RequestHead& request, const ForwardingFacts& facts,
                                  bool websocket);

/// How the response travels to the client, which may differ from how it came.
struct ResponseTravel {
  Framing framing;               ///< chunked, length, none, or until_close (HTTP/1.0 clients)
  bool keep_alive = true;        ///< false: Connection: close
  int client_minor_version = 1;  ///< an HTTP/1.0 client is told "Connection: keep-alive"
  /// The host's Strict-Transport-Security (RFC 6797), in place of the upstream's; empty: its own
  /// passes.
  std::string_view strict_transport_security = {};
  /// The X-Request-ID, in place of the upstream's; empty: its own passes. 1xx but 101 have none.
  std::string_view request_id = {};
};

/// Chooses the framing towards the client: as it came where the client can read that; chunked for
/// a body of unknown length to HTTP/1.1; until_close to HTTP/1.0, which ends keep-alive.
ResponseTravel travel_for(const ResponseHead& response, const RequestHead& request,
                          bool keep_alive);

/// The head for the client. For status 101 the upgrade fields are kept as the upstream sent them.
std::string client_response_head(const ResponseHead& response, const ResponseTravel& travel);

/// A short plain-text answer of wssgate itself, head and body: status, reason phrase, and one
/// helpful sentence for the reason. The error's context is for the log and never shown. HEAD gets
/// no body. `strict_transport_security` and `request_id` as in ResponseTravel. Adds what the status
/// demands: 426 "Upgrade: websocket", and for a wrong version "Sec-WebSocket-Version: 13"; 405
/// "Allow".
std::string error_response(const Error& error, bool head_request, bool keep_alive,
                           std::string_view strict_transport_security = {},
                           std::string_view request_id = {});

constexpr int kPermanentRedirect = 308;

/// 308 to `location`, and close. HEAD gets no body. `request_id` as in ResponseTravel.
std::string redirect_response(const std::string& location, bool head_request,
                              std::string_view request_id = {});

/// The standard phrase of a status that wssgate itself sends ("Bad Gateway"), empty for others.
std::string_view status_phrase(int status);

}  // namespace wssgate::http
