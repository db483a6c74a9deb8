#pragma once

#include <openssl/ssl.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "pki/openssl_ptr.h"
#include "pki/upstream_trust.h"
#include "wssbench/options.h"

namespace wssgate::bench {

using SslPtr = std::unique_ptr<SSL, pki::OpensslDeleter<SSL_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, pki::OpensslDeleter<SSL_SESSION_free>>;

/// What one connection's handshake leaves behind, set by OpenSSL's calls.
struct TlsNotes {
  class TlsClient* client = nullptr;
  /// The number of the fatal alert that came; 0 for none.
  int alert = 0;
};

/// TLS as clients of one server, for one thread: verification always (unless --insecure), and a
/// store of sessions. The verdict on a chain is kept and holds for as long as the server sends
/// exactly the same bytes; that it has the key is proven in every full handshake.
class TlsClient {
 public:
  /// Error: internal_error with a sentence for the command line.
  static Result<std::unique_ptr<TlsClient>> make(const Options& options, const std::string& host);

  /// Ready for the handshake. `notes` outlives the SSL. Offers a session when `resume` and one is
  /// at hand. Null when memory is short.
  SslPtr begin(TlsNotes& notes, bool resume);

 private:
  TlsClient() = default;
  Result<void> set_up(const Options& options, const std::string& host);
  static int keep_session(SSL* ssl, SSL_SESSION* session);
  static int verify(X509_STORE_CTX* verifying, void* client);
  static void note(const SSL* ssl, int where, int value);
  bool is_proven(X509_STORE_CTX* verifying) const;
  void remember(X509_STORE_CTX* verifying);
  SessionPtr take_session();

  std::unique_ptr<SSL_CTX, pki::OpensslDeleter<SSL_CTX_free>> context_;
  std::string host_;
  bool host_is_address_ = false;
  bool verified_ = true;
  std::deque<SessionPtr> sessions_;  // the newest last
  std::vector<pki::X509Ptr> proven_;
};

/// Version, suite and group of a finished handshake.
struct TlsFacts {
  std::string version;
  std::string cipher;
  std::string group;
};
TlsFacts tls_facts(SSL* ssl);

}  // namespace wssgate::bench
