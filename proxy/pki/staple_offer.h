#pragma once

#include <openssl/ssl.h>

#include <vector>

#include "pki/tls_context.h"

namespace wssgate::pki {

/// From now on a handshake of `context` whose client asks for the certificate's status
/// (status_request, RFC 6066 §8 and RFC 8446 §4.4.2.1) gets the staple in the slot of the very
/// certificate that was chosen for it, if that is good at that moment; else the handshake goes
/// without one. The context keeps the slots alive. False when OpenSSL has no memory left.
bool offer_staples(SSL_CTX* context, const std::vector<ServedCertificate>& certificates);

}  // namespace wssgate::pki
