#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "pki/openssl_ptr.h"
#include "pki/tls_policy.h"

/// What the TLS contexts of both sides have in common.
namespace wssgate::pki {

/// internal_error: "what: OpenSSL's last reason". Clears OpenSSL's queue.
Error context_failure(const std::string& what);

/// The policy; no renegotiation, compression or early data; security level 2; memory given back
/// when idle. False when OpenSSL refuses.
bool set_protocols(SSL_CTX* context, const TlsPolicy& policy);

/// The certificate to show. The context takes references of its own. False when OpenSSL refuses.
bool use_certificate(SSL_CTX* context, X509* leaf, EVP_PKEY* key,
                     const std::vector<X509Ptr>& intermediates);

/// Each part with its length before it, so that no two lists of parts look alike.
std::string joined(const std::vector<std::string>& parts);

}  // namespace wssgate::pki
