#include "pki/context_setup.h"

#include <fmt/format.h>
#include <openssl/err.h>

namespace wssgate::pki {

Error context_failure(const std::string& what) {
  std::string why = "unknown reason";
  if (const unsigned long code = ERR_peek_last_error(); code != 0) {
    if (const char* text = ERR_reason_error_string(code)) why = text;
  }
  ERR_clear_error();
  return Error(Reason::internal_error, Side::proxy, fmt::format("{}: {}", what, why));
}

bool set_protocols(SSL_CTX* context, const TlsPolicy& policy) {
  // SSL_MODE_NO_AUTO_CHAIN: the chain is what was proven, never what a store happens to add.
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_security_level(context, 2);
  // The client's order of suites decides (OpenSSL's default): each of them is strong, so all that
  // differs is speed, and a client knows whether it has AES in hardware.
  return apply(policy, context) && SSL_CTX_set_max_early_data(context, 0) == 1;
}

bool use_certificate(SSL_CTX* context, X509* leaf, EVP_PKEY* key,
                     const std::vector<X509Ptr>& intermediates) {
  const BorrowingStack chain(sk_X509_new_null());
  for (const X509Ptr& intermediate : intermediates) sk_X509_push(chain.get(), intermediate.get());
  return SSL_CTX_use_cert_and_key(context, leaf, key, chain.get(), 1) == 1;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string all;
  for (const std::string& part : parts) all += fmt::format("{}:{},", part.size(), part);
  return all;
}

}  // namespace wssgate::pki
