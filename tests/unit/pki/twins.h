#pragma once

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>

#include "pki/tls_context.h"
#include "support/test_ca.h"

/// Terms for tests of TLS contexts, with certificates that nobody had to load.
namespace wssgate::test {

inline pki::X509Ptr share(X509* certificate) {
  X509_up_ref(certificate);
  return pki::X509Ptr(certificate);
}

inline std::shared_ptr<const pki::Certificate> certificate_of(const TestCertificate& leaf,
                                                              pki::KeyType type,
                                                              const TestCertificate* intermediate) {
  auto made = std::make_shared<pki::Certificate>();
  made->chain_file = "chain.pem";
  made->leaf = share(leaf.certificate());
  EVP_PKEY_up_ref(leaf.key());
  made->key.reset(leaf.key());
  made->key_type = type;
  if (intermediate != nullptr) made->intermediates.push_back(share(intermediate->certificate()));
  return made;
}

/// ECDSA and RSA side by side, below intermediates of their own.
struct Twins {
  TestCertificate root = TestCertificate::root("Root");
  TestCertificate ecdsa_ca = root.intermediate("ECDSA CA");
  TestCertificate rsa_ca = root.intermediate("RSA CA");
  TestCertificate ecdsa = ecdsa_ca.leaf({"a.test", "b.test"});
  TestCertificate rsa = rsa_ca.leaf({"a.test", "b.test"}, TestKey::rsa2048);
  std::shared_ptr<pki::TicketKeys> ticket_keys =
      std::make_shared<pki::TicketKeys>(pki::TicketKeys::Clock::now());

  pki::ServerTerms terms() const {
    return {.certificates = {{certificate_of(ecdsa, pki::KeyType::ecdsa, &ecdsa_ca), nullptr},
                             {certificate_of(rsa, pki::KeyType::rsa, &rsa_ca), nullptr}},
            .identity = "one",
            .ticket_keys = ticket_keys};
  }
  pki::SslContextPtr context() const { return context(terms()); }
  static pki::SslContextPtr context(const pki::ServerTerms& terms) {
    auto made = pki::make_server_context(terms);
    return made ? std::move(made).value() : nullptr;
  }
};

inline std::string version_name(const testing::TestParamInfo<int>& version) {
  return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
}

}  // namespace wssgate::test
