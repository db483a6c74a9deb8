#include "pki/server_context.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <thread>

#include "unit/pki/twins.h"

namespace wssgate::pki {
namespace {

using test::Twins;

std::shared_ptr<const Certificate> with_a_wrong_key(const Twins& twins) {
  auto wrong = std::make_shared<Certificate>();
  wrong->chain_file = "wrong.pem";
  wrong->leaf = test::share(twins.ecdsa.certificate());
  wrong->key = test::make_test_key(test::TestKey::p256);
  return wrong;
}

TEST(ServerContext, IsOneForAllWhoAskAtOnce) {
  const Twins twins;
  const ServerContext context(twins.terms());
  std::array<SSL_CTX*, 8> seen{};
  std::vector<std::thread> askers;
  for (SSL_CTX*& each : seen) {
    askers.emplace_back([&] {
      const auto made = context.get();
      if (made) each = *made;
    });
  }
  for (std::thread& asker : askers) asker.join();
  EXPECT_NE(seen.front(), nullptr);
  EXPECT_EQ(std::set<SSL_CTX*>(seen.begin(), seen.end()).size(), 1U);
}

TEST(ServerContext, ServesTheCertificatesOfItsTerms) {
  const Twins twins;
  const ServerContext context(twins.terms());
  const auto made = context.get();
  ASSERT_TRUE(made);
  EXPECT_EQ(X509_cmp(SSL_CTX_get0_certificate(*made), twins.rsa.certificate()), 0);
}

TEST(ServerContext, SaysWhyItCannotBeMade) {
  const Twins twins;
  ServerTerms terms = twins.terms();
  terms.certificates = {{with_a_wrong_key(twins), nullptr}};
  const auto made = ServerContext(terms).get();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().context, "TLS refuses the certificate 'wrong.pem': private key mismatch");
}

TEST(ContextTrial, RefusesACertificateBehindGoodOnes) {
  const Twins twins;
  ContextTrial trial;
  EXPECT_TRUE(trial.judge(twins.terms()).ok());
  ServerTerms terms = twins.terms();
  terms.certificates.push_back({with_a_wrong_key(twins), nullptr});
  const auto judged = trial.judge(terms);
  ASSERT_FALSE(judged.ok());
  EXPECT_EQ(judged.error().context,
            "TLS refuses the certificate 'wrong.pem': private key mismatch");
}

TEST(ContextTrial, RefusesAPolicyBehindAGoodOne) {
  const Twins twins;
  ContextTrial trial;
  EXPECT_TRUE(trial.judge(twins.terms()).ok());
  ServerTerms terms = twins.terms();
  TlsPolicy policy = TlsPolicy::intermediate();
  policy.groups = {"no-such-group"};
  terms.policy = std::make_shared<const TlsPolicy>(policy);
  const auto judged = trial.judge(terms);
  ASSERT_FALSE(judged.ok());
  EXPECT_EQ(judged.error().reason, Reason::internal_error);
}

TEST(ContextTrial, RefusesTheSameAgain) {
  const Twins twins;
  ServerTerms terms = twins.terms();
  terms.certificates = {{with_a_wrong_key(twins), nullptr}};
  ContextTrial trial;
  EXPECT_FALSE(trial.judge(terms).ok());
  EXPECT_FALSE(trial.judge(terms).ok());
}

}  // namespace
}  // namespace wssgate::pki
