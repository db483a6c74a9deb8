#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/hostname.h"
#include "base/report.h"
#include "pki/openssl_ptr.h"
#include "pki/staple.h"
#include "pki/trust.h"

/// Certificates and keys as files, judged before they serve. OpenSSL, no sockets.
namespace wssgate::pki {

class CaCertificates;
struct SourceFiles;

enum class KeyType : std::uint8_t { ecdsa, rsa, ed25519 };

/// A leaf with its key and the chain that goes with it, proven. Immutable, shared by workers.
struct Certificate {
  std::string chain_file;
  X509Ptr leaf;
  /// The intermediates in the order they are sent; no root.
  std::vector<X509Ptr> intermediates;
  /// Who issued the leaf: the first intermediate, or the root. Null for a self-signed leaf.
  X509Ptr issuer;
  /// SHA-256 of the leaf, in lower-case hex: what tells two certificates apart.
  std::string fingerprint;
  /// From the staple file; null where there is none that was good when it was loaded.
  std::shared_ptr<const Staple> file_staple;
  /// Asks for an OCSP staple in every handshake (RFC 7633, status_request).
  bool must_staple = false;
  KeyPtr key;
  KeyType key_type{};
  /// The dNSName entries of subjectAltName, in order. The common name does not count (RFC 9525).
  std::vector<HostPattern> names;
  std::chrono::system_clock::time_point not_before;
  std::chrono::system_clock::time_point not_after;

  bool covers(const HostPattern& name) const;
};

/// Where a certificate's files are, and the place in the configuration that named them.
struct CertificateSource {
  std::string chain_file;
  std::string key_file;
  SourceLocation named_at;
  /// A DER OCSP response that goes with it; empty: none.
  std::string staple_file = {};
};

/// What the proof of a certificate rests on. While that stays, proving it again comes to the same.
struct Proof {
  /// SourceFiles::digest of what was proven.
  std::string files;
  /// Where the chain ends; the leaf itself where that is a root.
  X509Ptr root;
  std::chrono::system_clock::time_point at;
  /// From here on there is something to say: a date is near, or the staple of the file is over.
  std::chrono::system_clock::time_point until;
};

/// What became of one certificate on disk.
struct LoadOutcome {
  /// Null when it was refused.
  std::shared_ptr<const Certificate> certificate;
  /// Only where there was nothing to report, not even a warning.
  std::shared_ptr<const Proof> proof = nullptr;
  /// What it covers, or would cover if it were not refused. Empty where that could not be read.
  std::vector<HostPattern> names;
  /// When it expires, refused or not.
  std::optional<std::chrono::system_clock::time_point> not_after;
};

/// Loads and proves one certificate: files readable, key not readable by others, PEM as expected,
/// key matches, chain complete to a root of `trust` without fetching and in order, dates hold at
/// `now`, serverAuth usage, at least one DNS name, a way to staple where it must. Every problem
/// goes to `report`, and refuses the certificate; warnings (it ends soon, its file lacks an
/// intermediate that was at hand) do not. `files` are those of `source`; what several chains have
/// in common is shared by `cas`.
LoadOutcome load_certificate(const CertificateSource& source, const SourceFiles& files,
                             const Trust& trust, CaCertificates& cas,
                             std::chrono::system_clock::time_point now, Report& report);
/// The same of one by itself: reads its files.
LoadOutcome load_certificate(const CertificateSource& source, const Trust& trust,
                             std::chrono::system_clock::time_point now, Report& report);

/// The sources in a folder: each subfolder (and the folder itself) with fullchain.pem and
/// privkey.pem, or tls.crt and tls.key (and ocsp.der where it is there), ordered by path. One with
/// only one of the two is a problem, and so is a folder that cannot be read; subfolders with
/// neither, or whose names start with a dot, are passed over.
std::vector<CertificateSource> find_certificates(const NamedPath& folder, Report& report);

}  // namespace wssgate::pki
