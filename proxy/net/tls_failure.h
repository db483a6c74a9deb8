#pragma once

#include <openssl/ssl.h>

#include "base/error.h"

/// What TLS failures come to, by OpenSSL's error queue, which is cleared.
namespace wssgate::net {

/// `error` is SSL_get_error's for SSL_do_handshake, and no wish to wait. With a client: what
/// handshake_failed says in OpenSSL's or the alert's words, client_certificate_missing or _refused
/// (the verdict is in `ssl`), or client_closed. With an upstream: upstream_not_tls,
/// upstream_tls_version, upstream_tls_alert, upstream_certificate_refused (likewise),
/// upstream_closed, and upstream_tls_failed for what is left.
Error handshake_error(const SSL* ssl, Side side, int error);

/// The same for a connection whose handshake was done, SSL_ERROR_SSL only: tls_error with a client;
/// upstream_tls_alert (a server of TLS 1.3 refuses our certificate then only) or
/// upstream_tls_failed.
Error broken_tls_error(Side side);

}  // namespace wssgate::net
