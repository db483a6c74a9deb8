#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pki/authorities.h"

namespace wssgate::pki {

enum class ClientRule : std::uint8_t {
  required,  ///< no handshake without a good certificate
  optional,  ///< none is fine; a bad one is refused all the same
};

/// Whose certificates a host takes from its clients. Immutable, shared by workers.
class ClientTrust {
 public:
  /// The CAs of a PEM file, and only those: the system's store has no say in who a client is. Each
  /// is trusted by itself, whether it is a root or not. Problems go to `report`; null if any. A CA
  /// that has expired at `now` is a warning while another one holds.
  static std::shared_ptr<const ClientTrust> load(const NamedPath& file, ClientRule rule,
                                                 std::chrono::system_clock::time_point now,
                                                 Report& report);

  ClientRule rule() const { return rule_; }
  const std::vector<X509Ptr>& authorities() const { return authorities_.certificates; }
  /// Equal for the same rule and CAs.
  std::string digest_text() const;

  /// Has `context` ask each client for a certificate (naming the CAs) and judge its chain: to a CA
  /// of ours, for a client's use, at the context's security level. False when OpenSSL refuses.
  bool apply(SSL_CTX* context) const;

 private:
  ClientRule rule_ = ClientRule::required;
  Authorities authorities_;
};

/// Whose certificate was refused in this handshake and why, for the log; empty when none was.
std::string client_certificate_fault(const SSL* ssl);

/// The client's certificate and the intermediates that lead to one of our CAs, as verified and in
/// this order, in DER; without that CA, which whoever relies on the chain has to know by itself.
/// Empty when the client gave no certificate.
std::vector<std::string> verified_client_chain(const SSL* ssl);

}  // namespace wssgate::pki
