#pragma once

#include <openssl/x509.h>

#include <string>

#include "base/error.h"

namespace wssgate::pki {

/// Why OpenSSL refuses the certificate of an upstream that must be `name`: the reason that the
/// check has, and a sentence that says what is there, what was wanted, and what to do.
Error explain_peer_fault(X509_STORE_CTX* verifying, const std::string& name);

}  // namespace wssgate::pki
