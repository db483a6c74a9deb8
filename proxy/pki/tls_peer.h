#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "pki/client_identity.h"
#include "pki/openssl_ptr.h"
#include "pki/upstream_trust.h"

/// TLS as the client of an upstream: whom to take for it, and what to resume.
namespace wssgate::pki {

using SslPtr = std::unique_ptr<SSL, OpensslDeleter<SSL_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, OpensslDeleter<SSL_SESSION_free>>;

/// How handshakes with the endpoints of one upstream go. Immutable, shared by workers.
struct PeerTerms {
  std::shared_ptr<SSL_CTX> context;
  /// False: any certificate is taken.
  bool verified = true;
  /// What the certificates must be for; empty: each endpoint's own host.
  std::string server_name;
  /// Equal for equal terms.
  std::string digest;
};

/// The terms of a client of `upstream` (a name that keeps its sessions apart from every other's).
/// Versions and suites as in TlsPolicy::intermediate, ALPN http/1.1, no renegotiation, no early
/// data. Null `trust` verifies nothing, null `identity` shows no certificate. Error: OpenSSL's.
Result<std::shared_ptr<const PeerTerms>> make_peer_terms(const std::string& upstream,
                                                         const std::string& server_name,
                                                         const UpstreamTrust* trust,
                                                         const ClientIdentity* identity);
/// PeerTerms::digest of the same, without making a context.
std::string peer_terms_digest(const std::string& upstream, const std::string& server_name,
                              const UpstreamTrust* trust, const ClientIdentity* identity);

/// One endpoint as TLS sees it: what it must prove to be, on which terms, and the sessions that it
/// gave. They are used here and nowhere else, and not after the certificate they rest on has
/// ended. Any thread.
class TlsPeer : public std::enable_shared_from_this<TlsPeer> {
 public:
  /// `name`: a canonical host name, or an IP address.
  TlsPeer(std::shared_ptr<const PeerTerms> terms, std::string name)
      : terms_(std::move(terms)), name_(std::move(name)) {}

  const PeerTerms& terms() const { return *terms_; }
  const std::string& name() const { return name_; }

  /// A client's SSL for one connection, ready for the handshake: it asks for the name (unless that
  /// is an address: RFC 6066 §3), verifies it, and resumes a session where there is one. Keeps this
  /// alive. Null when memory is short.
  SslPtr begin();

  /// True at most once a second: for log lines that a broken endpoint must not flood the log with.
  bool may_be_told_of();

  /// How many sessions are at hand.
  std::size_t sessions() const;

 private:
  static int keep_session(SSL* ssl, SSL_SESSION* session);
  friend Result<std::shared_ptr<const PeerTerms>> make_peer_terms(const std::string&,
                                                                  const std::string&,
                                                                  const UpstreamTrust*,
                                                                  const ClientIdentity*);
  void keep(SessionPtr session);
  SessionPtr take();

  std::shared_ptr<const PeerTerms> terms_;
  std::string name_;
  std::atomic<std::int64_t> told_at_{0};
  mutable std::mutex mutex_;
  std::vector<SessionPtr> sessions_;  // the newest last
};

/// Which check the upstream's certificate did not pass in the handshake of `ssl` (of
/// TlsPeer::begin), with the reason that says so; nothing when it passed, or none came.
std::optional<Error> peer_certificate_fault(const SSL* ssl);

}  // namespace wssgate::pki
