#pragma once

namespace wssgate::pki {

/// The property query to make SSL contexts with (SSL_CTX_new_ex): it prefers our "TLS13-KDF" to
/// OpenSSL's, and leaves all else as it is. Null where OpenSSL does not take ours; its own serves
/// then. Any thread.
///
/// A TLS 1.3 handshake derives some 15 secrets (RFC 8446 §7.1), each with an HMAC of a few dozen
/// bytes. OpenSSL looks up the hash and copies every parameter and hash state for each of them,
/// through the allocator, which takes many times what the hashing itself does. Ours keeps the
/// hashes, which are OpenSSL's, and copies nothing. Where properties say which algorithms are
/// allowed ("fips=yes"), ours has none of them and is not taken.
const char* prefer_own_key_schedule();

}  // namespace wssgate::pki
