#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <mutex>
#include <string>
#include <unordered_set>

#include "base/result.h"
#include "pki/tls_context.h"

namespace wssgate::pki {

/// The TLS context of one set of terms, made when its first handshake comes: it takes as much
/// memory as its certificate and key, and of thousands of hosts few are asked for in an hour.
/// ContextTrial has found before that it can be made.
class ServerContext {
 public:
  explicit ServerContext(ServerTerms terms) : terms_(std::move(terms)) {}

  /// The context, which lives as long as this and whoever has a reference of OpenSSL's. Any
  /// thread. Errors: internal_error where there is no memory; the next call tries again.
  Result<SSL_CTX*> get() const;

 private:
  const ServerTerms terms_;
  mutable std::atomic<SSL_CTX*> made_{nullptr};
  mutable std::mutex making_;
  mutable SslContextPtr owned_;
};

/// Finds what make_server_context() would refuse, without making a context for each set of terms.
class ContextTrial {
 public:
  /// Errors: as make_server_context() has them.
  Result<void> judge(const ServerTerms& terms);

 private:
  SslContextPtr probe_;  // for certificates: what it takes, contexts of any other terms take too
  std::unordered_set<std::string> good_terms_;
  std::unordered_set<const Certificate*> good_certificates_;
};

}  // namespace wssgate::pki
