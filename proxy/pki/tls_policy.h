#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/report.h"

namespace wssgate::pki {

/// What a handshake may agree on: versions, cipher suites, key exchange groups. Names are
/// OpenSSL's; the client's order decides among suites.
struct TlsPolicy {
  /// TLS1_2_VERSION or TLS1_3_VERSION. There is no highest version: the newest is the best.
  int min_version = TLS1_2_VERSION;
  std::vector<std::string> tls12_ciphers;
  std::vector<std::string> tls13_ciphers;
  /// The first is the best; those that this OpenSSL does not know are not in a preset.
  std::vector<std::string> groups;

  /// Mozilla's guidelines (https://wiki.mozilla.org/Security/Server_Side_TLS) of these names.
  /// modern is TLS 1.3 alone. intermediate is what everyone of the last ten years can speak; its
  /// DHE suites are left out, since who has no ECDHE has no TLS 1.2 worth having.
  static TlsPolicy modern();
  static TlsPolicy intermediate();
  /// intermediate, as one object for all.
  static const std::shared_ptr<const TlsPolicy>& usual();

  /// Equal for equal policies.
  std::string digest_text() const;

  bool operator==(const TlsPolicy&) const = default;
};

/// What one section of the configuration says over what stands above it.
struct TlsOverrides {
  /// Where the whole section stands.
  SourceLocation at;
  /// Resets everything.
  std::optional<TlsPolicy> preset;
  std::optional<int> min_version;
  /// The suites of both versions; together with tls13_ciphers.
  std::optional<std::vector<std::string>> tls12_ciphers;
  std::optional<std::vector<std::string>> tls13_ciphers;
  std::optional<std::vector<std::string>> groups;

  TlsPolicy over(TlsPolicy base) const;

  bool operator==(const TlsOverrides& other) const;
};

/// A name, and the place where it was written.
struct LocatedName {
  std::string text;
  SourceLocation at;
};

/// Sorts the names of cipher suites into `overrides`, by TLS version. Only suites with forward
/// secrecy and AEAD have a place there: each other name is a problem that says why.
void take_ciphers(const std::vector<LocatedName>& names, TlsOverrides& overrides, Report& report);

/// The same for key exchange groups. Their other names (P-256) are known; groups that this OpenSSL
/// does not have are problems that say since when there is one that does.
void take_groups(const std::vector<LocatedName>& names, TlsOverrides& overrides, Report& report);

/// Why nobody could shake hands by some version that the policy allows; nothing when all is well.
struct PolicyFault {
  std::string message;
  std::string hint;
};
std::optional<PolicyFault> policy_fault(const TlsPolicy& policy);

/// False when OpenSSL refuses.
bool apply(const TlsPolicy& policy, SSL_CTX* context);

/// Whether the OpenSSL that runs has this key exchange group.
bool knows_group(const std::string& name);

}  // namespace wssgate::pki
