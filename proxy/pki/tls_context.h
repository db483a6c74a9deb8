#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "pki/certificate.h"
#include "pki/client_trust.h"
#include "pki/staple.h"
#include "pki/ticket_keys.h"
#include "pki/tls_policy.h"

namespace wssgate::pki {

using SslContextPtr = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;

/// A certificate as a host serves it.
struct ServedCertificate {
  std::shared_ptr<const Certificate> certificate;
  /// Where its staple is; null where the host staples none.
  std::shared_ptr<const StapleSlot> staple;

  bool operator==(const ServedCertificate&) const = default;
};

/// All that decides how handshakes for one host entry and one set of certificates go.
struct ServerTerms {
  /// At most one of each key type: side by side, each with its own chain.
  std::vector<ServedCertificate> certificates;
  /// The host entry; sessions of another one never resume here.
  std::string identity;
  /// Never null.
  std::shared_ptr<const TlsPolicy> policy = TlsPolicy::usual();
  /// What tickets are sealed with; null: no tickets, every handshake is a full one.
  std::shared_ptr<const TicketKeys> ticket_keys = nullptr;
  /// Whose certificates clients have to show; null: none are asked for. With it there are no
  /// tickets either: what a CA or a certificate's end says of a client is asked in every handshake,
  /// not remembered from an earlier one.
  std::shared_ptr<const ClientTrust> client_trust = nullptr;
};

/// A server context for `terms`. Versions, suites and groups as the policy has them; no
/// compression, no renegotiation, no early data; ALPN http/1.1, else http/1.0 (a client that offers
/// only others gets no_application_protocol); buffers released when idle. Thread-safe to share:
/// workers only make SSL objects from it.
///
/// The server name callback chooses nothing: it acknowledges the name, and refuses the handshake
/// (unrecognized_name) when it is not the one the connection was routed by, which
/// `set_routed_name` stored in the SSL before the handshake.
///
/// One ticket a handshake. It opens only in contexts of equal terms: the keys are derived from
/// `ticket_keys` and all else that stands in the terms (leaves as their fingerprints, staples
/// aside), and so is the session id context. A ticket made for one name does not resume for
/// another name of the same context: that becomes a full handshake.
Result<SslContextPtr> make_server_context(const ServerTerms& terms);

/// Has `context` serve the certificate, with its key and chain, in place of any of the same key
/// type. internal_error: OpenSSL refuses it.
Result<void> serve_certificate(SSL_CTX* context, const Certificate& certificate);

/// `name` is canonical, and borrowed for the life of the handshake. Without one every handshake is
/// refused.
void set_routed_name(SSL* ssl, const std::string* name);

}  // namespace wssgate::pki
