#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocol/http/head.h"

/// The opening handshake (RFC 6455 §4), as far as a proxy has to judge it.
namespace wssgate::websocket {

/// The request asks for a WebSocket: HTTP/1.1, and Upgrade holds the token "websocket" and
/// Connection the token "upgrade". Other upgrades are ignored (their fields are hop-by-hop).
bool is_upgrade(const http::RequestHead& request);

/// RFC 6455 §4.2.1 for a request with is_upgrade(): GET without a body, a key of 16 bytes in
/// base64 exactly once, version 13. Errors: malformed_upgrade, websocket_version.
Result<void> check_upgrade_request(const http::RequestHead& request);

/// RFC 6455 §4.1, the client's part, for a 101: Upgrade, Connection and the Sec-WebSocket-Accept
/// that belongs to the request's key. Error: malformed_upgrade_response, side upstream.
Result<void> check_upgrade_response(const http::RequestHead& request,
                                    const http::ResponseHead& response);

/// base64(SHA-1(key + GUID)), RFC 6455 §4.2.2.
std::string accept_for_key(std::string_view key);

/// Whether a request's Origin field (RFC 6454) is among the allowed ones: "same-host" (the
/// origin's host and port are the request's own authority, scheme https), an exact origin, or one
/// with a wildcard label ("https://*.example.com"). Scheme, host and port compare as RFC 6454 §5
/// says, default ports understood; an opaque "null" matches nothing. The caller lets requests
/// without an Origin pass: no browser sent them.
bool origin_allowed(std::string_view origin, std::string_view authority,
                    const std::vector<std::string>& allowed);

/// Whether the text can stand in `allowed_origins`.
bool is_origin_pattern(std::string_view text);

}  // namespace wssgate::websocket
