#pragma once

#include <openssl/x509.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "pki/openssl_ptr.h"

namespace wssgate::pki {

/// DNS names ("*.dev.test" too) and IP addresses, each spelled in one way and listed once.
struct DevNames {
  std::vector<std::string> dns;
  std::vector<std::string> addresses;

  /// The error's context says which text is neither. Only what has passed here is ever put into
  /// OpenSSL's extension syntax.
  static Result<DevNames> parse(const std::vector<std::string>& texts);

  /// In OpenSSL's syntax, such as "DNS:app.test,IP:127.0.0.1".
  std::string subject_alt_name() const;

  bool operator==(const DevNames&) const = default;
};

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, OpensslDeleter<X509_EXTENSION_free>>;

/// The organization (O) with which the subject of every development certificate begins.
inline constexpr const char* kDevOrganization = "wssgate development";

/// nameConstraints (RFC 5280 §4.2.1.10), critical, of a development CA: localhost, .test and
/// .internal with all below them, loopback, private and link-local addresses, and what `beyond`
/// names (each DNS name with all below it). A kind of name without a constraint would be free, so
/// that subjects begin with kDevOrganization, and e-mail addresses and URIs are those of a domain
/// that nobody can have: a key that leaks then names no other person or program either, to
/// verifiers that ignore a CA's extendedKeyUsage. otherName and registeredID stay free. Null when
/// OpenSSL has no memory.
ExtensionPtr dev_constraints(const DevNames& beyond);

/// What `names` has beyond those that each development CA permits, as `dev_constraints` takes it:
/// a wildcard becomes the name below which it stands.
DevNames beyond_local(const DevNames& names);

/// The `beyond` of a certificate's constraints; nothing when they are not exactly such ones, and
/// critical.
std::optional<DevNames> permitted_beyond_local(const X509* certificate);

/// The first of `names`, which `beyond_local` gave, that constraints with `beyond` do not permit.
std::optional<std::string> first_not_permitted(const DevNames& beyond, const DevNames& names);

/// The first of them that would be a whole top-level domain ("com"), with every name below it, and
/// is none of the local ones.
std::optional<std::string> first_top_level(const DevNames& names);

/// Both, the first one's names first.
DevNames joined(DevNames names, const DevNames& more);

/// The IP addresses in subjectAltName.
std::vector<std::string> addresses_of(const X509* certificate);

}  // namespace wssgate::pki
