#pragma once

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <memory>

#include "pki/ticket_keys.h"

namespace wssgate::pki {

/// What tells the terms of one TLS context from all others (SHA-256).
using TermsDigest = std::array<std::uint8_t, 32>;

/// Has `context` seal its tickets with keys made of the ring's secret and of `terms`: a ticket of
/// a context with other terms does not even decrypt here, on whatever node it was made; one of a
/// context with the same terms does, before and after a reload. (RFC 5077 §4's construction:
/// AES-256-CBC, then HMAC-SHA-256.) False when OpenSSL refuses.
bool seal_tickets(SSL_CTX* context, std::shared_ptr<const TicketKeys> keys,
                  const TermsDigest& terms);

}  // namespace wssgate::pki
