#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/clients.h"
#include "support/running_gateway.h"

// Which certificate, and what of its chain, a client is shown.
namespace wssgate::test {
namespace {

using testing::ElementsAre;

CertificateOptions certificate(const std::vector<std::string>& names, TestKey key = TestKey::p256) {
  CertificateOptions options;
  options.common_name = names.front();
  options.names = names;
  options.key = key;
  return options;
}

std::string host(const std::string& names, const std::string& more = "") {
  return "  - {names: [" + names + "], routes: [{path: /, upstream: u}]" + more + "}\n";
}

std::string hosts(const std::string& lines) {
  return "upstreams: {u: {endpoints: [\"127.0.0.1:9\"]}}\nhosts:\n" + lines;
}

int leaf_key_type(const TlsClient& client) {
  const pki::X509Ptr leaf(SSL_get1_peer_certificate(client.ssl()));
  return EVP_PKEY_get_base_id(X509_get0_pubkey(leaf.get()));
}

TEST(CertificateChoice, GivesEachHostItsOwn) {
  const RunningGateway gateway(hosts(host("a.example") + host("b.example")),
                               {certificate({"b.example"}), certificate({"a.example"})});
  EXPECT_THAT(TlsClient(gateway.address(), "a.example").leaf_names(), ElementsAre("a.example"));
  EXPECT_THAT(TlsClient(gateway.address(), "b.example").leaf_names(), ElementsAre("b.example"));
}

TEST(CertificateChoice, GivesEachNameOfAHostTheOneThatCoversIt) {
  const RunningGateway gateway(
      hosts(host("a.example, b.example, \"*.c.example\"")),
      {certificate({"a.example"}), certificate({"b.example", "*.c.example"})});
  EXPECT_THAT(TlsClient(gateway.address(), "a.example").leaf_names(), ElementsAre("a.example"));
  const auto second = ElementsAre("b.example", "*.c.example");
  EXPECT_THAT(TlsClient(gateway.address(), "b.example").leaf_names(), second);
  EXPECT_THAT(TlsClient(gateway.address(), "x.c.example").leaf_names(), second);
}

TEST(CertificateChoice, PrefersTheExactCertificateToTheWildcard) {
  const RunningGateway gateway(hosts(host("a.example.com")),
                               {certificate({"*.example.com"}), certificate({"a.example.com"})});
  EXPECT_THAT(TlsClient(gateway.address(), "a.example.com").leaf_names(),
              ElementsAre("a.example.com"));
}

TEST(CertificateChoice, FollowsTheHostThatNamesItsOwn) {
  CertificateOptions shorter = certificate({"a.example", "explicit.example"});
  shorter.not_after = day(2040, 1, 1);  // by itself, the one that ends later would win
  const RunningGateway gateway(
      hosts(host("a.example",
                 ", certificate: {chain: certs/0/fullchain.pem, key: certs/0/privkey.pem}")),
      {shorter, certificate({"a.example"})});
  EXPECT_THAT(TlsClient(gateway.address(), "a.example").leaf_names(),
              ElementsAre("a.example", "explicit.example"));
}

TEST(CertificateChoice, RefusesAnExplicitOneThatDoesNotCoverAName) {
  try {
    const RunningGateway gateway(
        hosts(host("a.example, b.example",
                   ", certificate: {chain: certs/0/fullchain.pem, key: certs/0/privkey.pem}")),
        {certificate({"a.example"}), certificate({"b.example"})});
    FAIL() << "serves";
  } catch (const std::runtime_error& refused) {
    EXPECT_THAT(refused.what(), testing::HasSubstr("does not cover 'b.example'"));
  }
}

TEST(CertificateChoice, LetsTheClientsAlgorithmsDecideBetweenTwins) {
  const RunningGateway gateway(
      hosts(host("a.example")),
      {certificate({"a.example"}), certificate({"a.example"}, TestKey::rsa2048)});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsOptions options{.server_name = "a.example", .max_version = version};
    options.signature_algorithms = "ECDSA+SHA256";
    EXPECT_EQ(leaf_key_type(TlsClient(gateway.address(), options)), EVP_PKEY_EC);
    options.signature_algorithms = "RSA-PSS+SHA256:RSA+SHA256";
    EXPECT_EQ(leaf_key_type(TlsClient(gateway.address(), options)), EVP_PKEY_RSA);
    options.signature_algorithms = "";
    EXPECT_EQ(leaf_key_type(TlsClient(gateway.address(), options)), EVP_PKEY_EC);
  }
}

TEST(CertificateChoice, RefusesAClientThatKnowsNoneOfItsAlgorithms) {
  const RunningGateway gateway(hosts(host("a.example")), {certificate({"a.example"})});
  try {
    const TlsClient client(gateway.address(), TlsOptions{.server_name = "a.example",
                                                         .signature_algorithms = "RSA-PSS+SHA256"});
    FAIL() << "accepted";
  } catch (const TlsRefused& refused) {
    EXPECT_EQ(refused.alert, SSL_AD_HANDSHAKE_FAILURE);
  }
}

TEST(CertificateChoice, SendsTheWholeChainWithoutTheRoot) {
  const RunningGateway gateway(
      hosts(host("a.example")),
      {certificate({"a.example"}), certificate({"a.example"}, TestKey::rsa2048)});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const char* algorithms : {"ECDSA+SHA256", "RSA-PSS+SHA256"}) {
      const TlsClient client(gateway.address(), TlsOptions{.server_name = "a.example",
                                                           .max_version = version,
                                                           .signature_algorithms = algorithms});
      STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(client.ssl());
      ASSERT_EQ(sk_X509_num(chain), 2);
      EXPECT_EQ(X509_cmp(sk_X509_value(chain, 1), gateway.ca().intermediate.certificate()), 0);
    }
  }
}

}  // namespace
}  // namespace wssgate::test
