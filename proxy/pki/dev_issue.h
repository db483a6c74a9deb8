#pragma once

#include <chrono>

#include "base/result.h"
#include "pki/dev_names.h"
#include "pki/openssl_ptr.h"

/// Development certificates in memory. P-256 keys, SHA-256 signatures.
namespace wssgate::pki {

/// The longest that a development certificate lives.
inline constexpr std::chrono::hours kDevLeafLife{24 * 90};

struct DevPair {
  X509Ptr certificate;
  KeyPtr key;
};

/// A root that clients trust, and below it the CA that issues. Both are limited by the same name
/// constraints, to TLS servers (extendedKeyUsage), and the issuer to certificates that are no CAs.
/// Not all verifiers look at a CA's extendedKeyUsage: for these the constraints say what subjects,
/// e-mail addresses and URIs may be, too.
///
/// The root's key is gone when this has been made: it signed the issuer and nothing else. Clients
/// may ignore what stands in a root (RFC 5280 §6.2), and Java does, but not what stands below it:
/// so the one key that can leak is one whose limits everybody keeps to.
struct DevAuthority {
  X509Ptr root;
  DevPair issuer;
};

/// A new one that may certify what is `beyond` the local names as well (`dev_constraints`), for ten
/// years.
Result<DevAuthority> make_dev_authority(const DevNames& beyond,
                                        std::chrono::system_clock::time_point now);

/// A server's certificate for `names` from the issuer, for kDevLeafLife.
Result<DevPair> make_dev_leaf(const DevPair& issuer, const DevNames& names,
                              std::chrono::system_clock::time_point now);

/// Whether both have the extensions of those that `make_dev_authority` makes, and no further ones:
/// the values are compared, except of the name constraints (`permitted_beyond_local`).
bool is_limited(const DevAuthority& authority);

/// Whether TLS clients that trust `root` would take `leaf` at `now`: signatures, constraints,
/// dates.
bool verifies(const DevAuthority& authority, const DevPair& leaf,
              std::chrono::system_clock::time_point now);

}  // namespace wssgate::pki
