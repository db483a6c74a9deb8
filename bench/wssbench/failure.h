#pragma once

#include <openssl/ssl.h>

#include <string>

#include "base/error.h"

/// Why something did not work, in the words that errors are counted by.
namespace wssgate::bench {

/// A failure whose label is `label` as it stands.
Error failure(std::string label);
/// What was asked for cannot be done, in a sentence for its user.
Error refused(std::string what);
/// The run is over: no failure, and never counted.
Error run_over();
bool is_run_over(const Error& error);

/// The label that `error` is counted by, such as "connect refused" or "connection reset".
std::string label_of(const Error& error);

/// Of a connection attempt that ended with this errno.
Error connect_failure(int error);

/// Of a TLS handshake that failed: the certificate's fault, or the alert that came (`alert`; 0 for
/// none), or what else OpenSSL says.
Error tls_failure(const SSL* ssl, int alert, const Error& error);

}  // namespace wssgate::bench
