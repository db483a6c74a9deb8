#include "pki/staple_offer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "support/ocsp_responses.h"
#include "unit/pki/memory_handshake.h"

namespace wssgate::pki {
namespace {

using namespace std::chrono_literals;
using test::ClientWish;
using test::MemoryHandshake;
using test::TestKey;

std::shared_ptr<const Staple> staple(const std::string& der, std::chrono::seconds lasts) {
  const auto now = std::chrono::system_clock::now();
  return std::make_shared<const Staple>(Staple{der, now - 1h, now + lasts});
}

/// Twins, each with a slot of its own.
struct Stapling : testing::TestWithParam<int> {
  test::TestCa ca;
  std::shared_ptr<Certificate> ecdsa =
      test::loaded(ca.intermediate.leaf({"a.test"}), ca.intermediate);
  std::shared_ptr<Certificate> rsa =
      test::loaded(ca.intermediate.leaf({"a.test"}, TestKey::rsa2048), ca.intermediate);
  std::shared_ptr<StapleSlot> ecdsa_slot = std::make_shared<StapleSlot>();
  std::shared_ptr<StapleSlot> rsa_slot = std::make_shared<StapleSlot>();

  SslContextPtr context() const {
    auto made = make_server_context(
        {.certificates = {{ecdsa, ecdsa_slot}, {rsa, rsa_slot}}, .identity = "host"});
    EXPECT_TRUE(made.ok());
    return std::move(*made);
  }

  /// What a client of this version gets; nothing without a staple.
  static std::optional<std::string> got(SSL_CTX* server, const char* signature_algorithms,
                                        bool asks = true) {
    ClientWish wish;
    wish.version = GetParam();
    wish.signature_algorithms = signature_algorithms;
    wish.asks_for_staple = asks;
    const MemoryHandshake handshake(server, wish);
    EXPECT_TRUE(handshake.done());
    return handshake.staple();
  }
};

constexpr const char* kEcdsa = "ECDSA+SHA256";
constexpr const char* kRsa = "RSA-PSS+SHA256";

TEST_P(Stapling, TheChosenTwinHasItsOwnStaple) {
  ecdsa_slot->set(staple("of the ECDSA one", 1h));
  rsa_slot->set(staple("of the RSA one", 1h));
  const auto server = context();
  EXPECT_EQ(got(server.get(), kEcdsa), "of the ECDSA one");
  EXPECT_EQ(got(server.get(), kRsa), "of the RSA one");
}

TEST_P(Stapling, OneTwinsStapleIsNeverTheOthers) {
  ecdsa_slot->set(staple("of the ECDSA one", 1h));
  const auto server = context();
  EXPECT_EQ(got(server.get(), kRsa), std::nullopt);
}

TEST_P(Stapling, ClientsThatDoNotAskGetNone) {
  ecdsa_slot->set(staple("response", 1h));
  EXPECT_EQ(got(context().get(), kEcdsa, false), std::nullopt);
}

TEST_P(Stapling, FollowsTheSlot) {
  const auto server = context();
  EXPECT_EQ(got(server.get(), kEcdsa), std::nullopt);
  ecdsa_slot->set(staple("first", 1h));
  EXPECT_EQ(got(server.get(), kEcdsa), "first");
  ecdsa_slot->set(staple("second", 1h));
  EXPECT_EQ(got(server.get(), kEcdsa), "second");
  ecdsa_slot->set(staple("expired", -1s));
  EXPECT_EQ(got(server.get(), kEcdsa), std::nullopt);
  ecdsa_slot->set(staple("third", 1h));
  ecdsa_slot->set_revoked();
  EXPECT_EQ(got(server.get(), kEcdsa), std::nullopt);
}

TEST_P(Stapling, WithoutASlotThereIsNone) {
  ecdsa_slot = nullptr;
  EXPECT_EQ(got(context().get(), kEcdsa), std::nullopt);
}

TEST_P(Stapling, TheContextKeepsWhatItNeeds) {
  ecdsa_slot->set(staple("response", 1h));
  const auto server = context();
  ecdsa = nullptr;
  ecdsa_slot = nullptr;
  EXPECT_EQ(got(server.get(), kEcdsa), "response");
}

INSTANTIATE_TEST_SUITE_P(Versions, Stapling, testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) {
                           return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13";
                         });

}  // namespace
}  // namespace wssgate::pki
