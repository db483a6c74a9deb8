#include "pki/tls_context.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <string>
#include <utility>
#include <vector>

#include "support/test_ca.h"
#include "unit/pki/memory_handshake.h"
#include "unit/pki/twins.h"

namespace wssgate::pki {
namespace {

using test::ClientWish;
using test::MemoryHandshake;
using test::TestCertificate;
using test::TestKey;
using test::Twins;

class TlsContext : public testing::Test {
 protected:
  Twins twins_;
  SslContextPtr context_ = twins_.context();
};

class TlsVersions : public TlsContext, public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(All, TlsVersions, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         test::version_name);

TEST_P(TlsVersions, TwinsAreChosenByTheClientAndBringTheirOwnChain) {
  struct Row {
    const char* algorithms;
    const TestCertificate* leaf;
    const TestCertificate* issuer;
  };
  for (const Row& row : {Row{"ECDSA+SHA256", &twins_.ecdsa, &twins_.ecdsa_ca},
                         Row{"RSA-PSS+SHA256", &twins_.rsa, &twins_.rsa_ca}}) {
    ClientWish wish;
    wish.version = GetParam();
    wish.signature_algorithms = row.algorithms;
    const MemoryHandshake handshake(context_.get(), wish);
    ASSERT_TRUE(handshake.done()) << row.algorithms;
    const auto chain = handshake.chain();
    ASSERT_EQ(chain.size(), 2U) << "no root, nothing more";
    EXPECT_EQ(X509_cmp(chain[0], row.leaf->certificate()), 0);
    EXPECT_EQ(X509_cmp(chain[1], row.issuer->certificate()), 0);
  }
}

TEST_P(TlsVersions, LeafDirectlyBelowTheRootIsSentAlone) {
  const auto leaf = twins_.root.leaf({"a.test"});
  auto context = make_server_context(
      {.certificates = {{test::certificate_of(leaf, KeyType::ecdsa, nullptr), nullptr}},
       .identity = "one"});
  ASSERT_TRUE(context);
  // Even if something fills the context's store, nothing is added to what was proven.
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context->get()), twins_.root.certificate());
  ClientWish wish;
  wish.version = GetParam();
  const MemoryHandshake handshake(context->get(), wish);
  ASSERT_TRUE(handshake.done());
  EXPECT_EQ(handshake.chain().size(), 1U);
}

TEST_P(TlsVersions, AnotherNameThanTheRouteIsRefused) {
  ClientWish wish;
  wish.version = GetParam();
  wish.routed = "b.test";
  EXPECT_EQ(MemoryHandshake(context_.get(), wish).alert(), SSL_AD_UNRECOGNIZED_NAME);
  wish.server_name.clear();
  const MemoryHandshake nameless(context_.get(), wish);
  EXPECT_FALSE(nameless.done());
  EXPECT_EQ(nameless.alert(), SSL_AD_UNRECOGNIZED_NAME);
  EXPECT_TRUE(nameless.chain().empty());
}

TEST_P(TlsVersions, NamesCompareInTheirCanonicalForm) {
  ClientWish wish;
  wish.version = GetParam();
  wish.server_name = "A.Test";
  wish.routed = "a.test";
  EXPECT_TRUE(MemoryHandshake(context_.get(), wish).done());
}

TEST_P(TlsVersions, WithoutARoutedNameNothingIsServed) {
  ClientWish wish;
  wish.version = GetParam();
  wish.unrouted = true;
  EXPECT_EQ(MemoryHandshake(context_.get(), wish).alert(), SSL_AD_UNRECOGNIZED_NAME);
}

TEST_P(TlsVersions, AlpnIsTheBestOfOurs) {
  const std::vector<std::pair<std::string, std::string>> chosen_of = {
      {"\x02h2\x08http/1.1", "http/1.1"},
      {"\x08http/1.0\x08http/1.1", "http/1.1"},
      {"\x08http/1.0", "http/1.0"},
  };
  for (const auto& [offered, expected] : chosen_of) {
    ClientWish wish;
    wish.version = GetParam();
    wish.alpn = offered;
    const MemoryHandshake handshake(context_.get(), wish);
    ASSERT_TRUE(handshake.done()) << offered;
    const unsigned char* chosen = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(handshake.client(), &chosen, &length);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), length), expected);
  }
}

TEST_P(TlsVersions, AlpnWithoutAnyOfOursIsRefused) {
  for (const char* other :
       {"\x02h2", "\x08http/0.9", "\x08HTTP/1.1", "\x0ahttp/1.1.1", "\x07http/1."}) {
    ClientWish wish;
    wish.version = GetParam();
    wish.alpn = other;
    const MemoryHandshake refused(context_.get(), wish);
    EXPECT_FALSE(refused.done()) << other;
    EXPECT_EQ(refused.alert(), SSL_AD_NO_APPLICATION_PROTOCOL) << other;
  }
}

TEST_F(TlsContext, OldVersionsAreRefused) {
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    ClientWish wish;
    wish.version = version;
    const MemoryHandshake handshake(context_.get(), wish);
    EXPECT_FALSE(handshake.done());
    EXPECT_EQ(handshake.alert(), SSL_AD_PROTOCOL_VERSION);
  }
}

TEST_F(TlsContext, Tls12SuitesAreForwardSecretWithAead) {
  ClientWish wish;
  wish.version = TLS1_2_VERSION;
  for (const char* ciphers : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
                              "ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
    wish.ciphers = ciphers;
    EXPECT_TRUE(MemoryHandshake(context_.get(), wish).done()) << ciphers;
  }
  for (const char* ciphers :
       {"AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA",
        "DHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-CCM"}) {
    wish.ciphers = ciphers;
    const MemoryHandshake handshake(context_.get(), wish);
    EXPECT_FALSE(handshake.done()) << ciphers;
    EXPECT_EQ(handshake.alert(), SSL_AD_HANDSHAKE_FAILURE) << ciphers;
  }
}

TEST_F(TlsContext, RenegotiationIsRefusedAndTheConnectionLivesOn) {
  ClientWish wish;
  wish.version = TLS1_2_VERSION;
  MemoryHandshake handshake(context_.get(), wish);
  ASSERT_TRUE(handshake.done());
  ASSERT_EQ(SSL_renegotiate(handshake.client()), 1);
  SSL_do_handshake(handshake.client());
  char byte = 0;
  EXPECT_LE(SSL_read(handshake.server(), &byte, 1), 0);
  EXPECT_EQ(SSL_get_error(handshake.server(), -1), SSL_ERROR_WANT_READ);
  SSL_do_handshake(handshake.client());
  EXPECT_EQ(handshake.alert(), SSL_AD_NO_RENEGOTIATION);
  ERR_clear_error();
}

TEST_F(TlsContext, OneTicketAHandshakeAndNoEarlyData) {
  EXPECT_EQ(SSL_CTX_get_num_tickets(context_.get()), 1U);
  EXPECT_EQ(SSL_CTX_get_max_early_data(context_.get()), 0U);
  EXPECT_EQ(SSL_CTX_get_session_cache_mode(context_.get()), SSL_SESS_CACHE_OFF);
  EXPECT_EQ(SSL_SESSION_get_max_early_data(MemoryHandshake(context_.get(), {}).session().get()),
            0U);
}

TEST_F(TlsContext, ConnectionsOutliveTheCertificateAndTheContext) {
  auto own = std::make_unique<Twins>();
  SslContextPtr context = own->context();
  MemoryHandshake handshake(context.get(), {});
  own.reset();
  context.reset();
  ASSERT_TRUE(handshake.done());
  EXPECT_TRUE(handshake.pass_bytes());
}

TEST_F(TlsContext, NeedsACertificateWhoseKeyFits) {
  const auto none = make_server_context({.certificates = {}, .identity = "one"});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().context, "a TLS context needs a certificate");

  auto wrong = std::make_shared<Certificate>();
  wrong->chain_file = "chain.pem";
  wrong->leaf = test::share(twins_.ecdsa.certificate());
  wrong->key = test::make_test_key(TestKey::p256);
  const auto refused = make_server_context({.certificates = {{wrong, nullptr}}, .identity = "one"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().context,
            "TLS refuses the certificate 'chain.pem': private key mismatch");
}

}  // namespace
}  // namespace wssgate::pki
