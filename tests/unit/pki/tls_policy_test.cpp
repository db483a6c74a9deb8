#include "pki/tls_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <string>
#include <utility>
#include <vector>

#include "unit/pki/memory_handshake.h"
#include "unit/pki/twins.h"

namespace wssgate::pki {
namespace {

using test::ClientWish;
using test::MemoryHandshake;
using test::Twins;
using testing::Contains;
using testing::ElementsAre;

std::vector<LocatedName> located(const std::vector<std::string>& names) {
  std::vector<LocatedName> list;
  for (const std::string& name : names) {
    list.push_back({name, {"c.yaml", 1, static_cast<int>(list.size()) + 1}});
  }
  return list;
}

TEST(TlsPolicy, PresetsBeginWithTheHybridGroupWhereThereIsOne) {
  for (const TlsPolicy& preset : {TlsPolicy::modern(), TlsPolicy::intermediate()}) {
    std::vector<std::string> groups = {"X25519", "prime256v1", "secp384r1"};
    if (OPENSSL_VERSION_NUMBER >= 0x30500000L) groups.insert(groups.begin(), "X25519MLKEM768");
    EXPECT_EQ(preset.groups, groups);
    EXPECT_FALSE(policy_fault(preset));
  }
}

TEST(TlsPolicy, KnowsTheGroupsOfTheOpensslThatRuns) {
  EXPECT_TRUE(knows_group("X25519"));
  EXPECT_FALSE(knows_group("X25518"));
  EXPECT_FALSE(knows_group(""));
}

TEST(TlsPolicy, OverridesGoKeyByKeyAndPresetsStartAfresh) {
  TlsPolicy base = TlsPolicy::intermediate();
  base.groups = {"X448"};
  TlsOverrides overrides;
  EXPECT_EQ(overrides.over(base), base);

  overrides.min_version = TLS1_3_VERSION;
  EXPECT_EQ(overrides.over(base).min_version, TLS1_3_VERSION);
  EXPECT_THAT(overrides.over(base).groups, ElementsAre("X448"));

  overrides.preset = TlsPolicy::intermediate();
  EXPECT_EQ(overrides.over(base).min_version, TLS1_3_VERSION) << "a key goes over the preset";
  EXPECT_EQ(overrides.over(base).groups, TlsPolicy::intermediate().groups);
}

TEST(TlsPolicy, SuitesAreSortedByVersion) {
  TlsOverrides overrides;
  Report report;
  take_ciphers(located({"ECDHE-RSA-AES256-GCM-SHA384", "TLS_AES_128_GCM_SHA256",
                        "ECDHE-ECDSA-CHACHA20-POLY1305"}),
               overrides, report);
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_THAT(*overrides.tls12_ciphers,
              ElementsAre("ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"));
  EXPECT_THAT(*overrides.tls13_ciphers, ElementsAre("TLS_AES_128_GCM_SHA256"));
}

TEST(TlsPolicy, SuitesThatMayNotServeAreRefusedWithTheReason) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"AES128-GCM-SHA256",
       "'AES128-GCM-SHA256' has no forward secrecy: whoever gets the key one day reads what was "
       "recorded before. remove it, or name the ECDHE suite in its place."},
      {"AES256-SHA",
       "'AES256-SHA' has no forward secrecy: whoever gets the key one day reads what was recorded "
       "before. remove it, or name the ECDHE suite in its place."},
      {"ECDHE-RSA-AES128-SHA256",
       "'ECDHE-RSA-AES128-SHA256' is no AEAD suite, and the others have been broken by their "
       "padding more than once. remove it, or name the one with GCM or CHACHA20 in its place."},
      {"DHE-RSA-AES128-GCM-SHA256",
       "'DHE-RSA-AES128-GCM-SHA256' exchanges keys by finite-field Diffie-Hellman, for which "
       "wssgate has no parameters: no client could use it. name the ECDHE suite in its place."},
      {"ADH-AES128-GCM-SHA256",
       "'ADH-AES128-GCM-SHA256' does not prove who the server is by a certificate. remove it."},
      {"PSK-AES128-GCM-SHA256",
       "'PSK-AES128-GCM-SHA256' does not prove who the server is by a certificate. remove it."},
      {"ECDHE-ECDSA-AES128-CCM8",
       "'ECDHE-ECDSA-AES128-CCM8' authenticates with 64 bits only, too few outside of small "
       "devices. remove it."},
      {"TLS_AES_128_CCM_8_SHA256",
       "'TLS_AES_128_CCM_8_SHA256' authenticates with 64 bits only, too few outside of small "
       "devices. remove it."},
      {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
       "'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256' is the name that IANA gave a suite of TLS 1.2. "
       "write OpenSSL's: 'ECDHE-ECDSA-AES128-GCM-SHA256'."},
      {"ECDHE-ECDSA-AES128-GCM-SHA265",
       "this OpenSSL has no cipher suite 'ECDHE-ECDSA-AES128-GCM-SHA265'. write "
       "'ECDHE-ECDSA-AES128-GCM-SHA256' if you meant that."},
      {"tls_aes_128_gcm_sha256",
       "this OpenSSL has no cipher suite 'tls_aes_128_gcm_sha256'. write 'TLS_AES_128_GCM_SHA256' "
       "if you meant that."},
      {"HIGH",
       "this OpenSSL has no cipher suite 'HIGH'. write OpenSSL's names, such as "
       "TLS_AES_128_GCM_SHA256 or ECDHE-ECDSA-AES128-GCM-SHA256."},
  };
  for (const auto& [name, problem] : rows) {
    TlsOverrides overrides;
    Report report;
    take_ciphers(located({"TLS_AES_128_GCM_SHA256", name}), overrides, report);
    EXPECT_EQ(report.text(), "c.yaml:1:2: " + problem + "\n");
    EXPECT_TRUE(overrides.tls12_ciphers->empty()) << name;
    EXPECT_EQ(overrides.tls13_ciphers->size(), 1U) << name;
  }
}

TEST(TlsPolicy, ANameStandsOnce) {
  TlsOverrides overrides;
  Report report;
  take_ciphers(located({"TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"}), overrides, report);
  take_groups(located({"P-256", "X25519", "secp256r1"}), overrides, report);
  EXPECT_EQ(report.text(),
            "c.yaml:1:2: 'TLS_AES_128_GCM_SHA256' stands twice in this list. remove one of them.\n"
            "c.yaml:1:3: 'prime256v1' stands twice in this list. remove one of them.\n");
}

TEST(TlsPolicy, GroupsHaveOneNameInside) {
  TlsOverrides overrides;
  Report report;
  take_groups(located({"X448", "P-384", "secp256r1", "P-521", "X25519"}), overrides, report);
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_THAT(*overrides.groups,
              ElementsAre("X448", "secp384r1", "prime256v1", "secp521r1", "X25519"));
}

TEST(TlsPolicy, GroupsThatAreUnknownAreRefused) {
  TlsOverrides overrides;
  Report report;
  take_groups(located({"X25518", "x25519", "curve"}), overrides, report);
  EXPECT_EQ(report.text(),
            "c.yaml:1:1: no key exchange group is called 'X25518'. write 'X25519' if you meant "
            "that.\n"
            "c.yaml:1:2: no key exchange group is called 'x25519'. write 'X25519' if you meant "
            "that.\n"
            "c.yaml:1:3: no key exchange group is called 'curve'. write one of: X25519MLKEM768, "
            "SecP256r1MLKEM768, SecP384r1MLKEM1024, X25519, prime256v1, secp384r1, secp521r1, "
            "X448.\n");
}

TEST(TlsPolicy, GroupsOfALaterOpensslAreRefusedWithItsVersion) {
  TlsOverrides overrides;
  Report report;
  take_groups(located({"X25519MLKEM768"}), overrides, report);
  if (OPENSSL_VERSION_NUMBER >= 0x30500000L) {
    EXPECT_THAT(*overrides.groups, ElementsAre("X25519MLKEM768"));
    return;
  }
  EXPECT_EQ(report.text(), "c.yaml:1:1: this OpenSSL " +
                               std::string(OpenSSL_version(OPENSSL_VERSION_STRING)) +
                               " does not know 'X25519MLKEM768'; it needs 3.5. remove it: the "
                               "presets use it wherever it is known.\n");
}

TEST(TlsPolicy, EachVersionNeedsASuite) {
  TlsPolicy policy = TlsPolicy::modern();
  policy.min_version = TLS1_2_VERSION;
  ASSERT_TRUE(policy_fault(policy));
  EXPECT_EQ(policy_fault(policy)->message,
            "TLS 1.2 is allowed, but no cipher suite of it is named");
  policy = TlsPolicy::intermediate();
  policy.tls13_ciphers.clear();
  ASSERT_TRUE(policy_fault(policy));
  EXPECT_EQ(policy_fault(policy)->message,
            "no cipher suite of TLS 1.3 is named, which every client of today speaks");
}

/// What real handshakes come to under a policy.
class TlsPolicyHandshake : public testing::Test {
 protected:
  SslContextPtr context(const TlsPolicy& policy) const {
    ServerTerms terms = twins_.terms();
    terms.policy = std::make_shared<const TlsPolicy>(policy);
    return Twins::context(terms);
  }
  static ClientWish wish(int version, const char* ciphers = nullptr, const char* groups = nullptr) {
    ClientWish wish;
    wish.version = version;
    wish.ciphers = ciphers;
    wish.groups = groups;
    return wish;
  }
  Twins twins_;
};

TEST_F(TlsPolicyHandshake, ModernIsTls13Alone) {
  const auto modern = context(TlsPolicy::modern());
  EXPECT_TRUE(MemoryHandshake(modern.get(), wish(TLS1_3_VERSION)).done());
  EXPECT_EQ(MemoryHandshake(modern.get(), wish(TLS1_2_VERSION)).alert(), SSL_AD_PROTOCOL_VERSION);
}

TEST_F(TlsPolicyHandshake, IntermediateIsBoth) {
  const auto intermediate = context(TlsPolicy::intermediate());
  EXPECT_TRUE(MemoryHandshake(intermediate.get(), wish(TLS1_3_VERSION)).done());
  EXPECT_TRUE(MemoryHandshake(intermediate.get(), wish(TLS1_2_VERSION)).done());
  EXPECT_EQ(MemoryHandshake(intermediate.get(), wish(TLS1_1_VERSION)).alert(),
            SSL_AD_PROTOCOL_VERSION);
}

TEST_F(TlsPolicyHandshake, PresetsTakeEachOfTheirSuitesAndGroups) {
  for (const TlsPolicy& preset : {TlsPolicy::modern(), TlsPolicy::intermediate()}) {
    const auto server = context(preset);
    for (const std::string& suite : preset.tls13_ciphers) {
      const MemoryHandshake one(server.get(), wish(TLS1_3_VERSION, suite.c_str()));
      ASSERT_TRUE(one.done()) << suite;
      EXPECT_EQ(SSL_get_cipher_name(one.client()), suite);
    }
    for (const std::string& suite : preset.tls12_ciphers) {
      const MemoryHandshake one(server.get(), wish(TLS1_2_VERSION, suite.c_str()));
      ASSERT_TRUE(one.done()) << suite;
      EXPECT_EQ(SSL_get_cipher_name(one.client()), suite);
    }
    for (const std::string& group : preset.groups) {
      EXPECT_TRUE(
          MemoryHandshake(server.get(), wish(TLS1_3_VERSION, nullptr, group.c_str())).done())
          << group;
    }
    EXPECT_EQ(MemoryHandshake(server.get(), wish(TLS1_3_VERSION, nullptr, "X448")).alert(),
              SSL_AD_HANDSHAKE_FAILURE);
  }
}

TEST_F(TlsPolicyHandshake, WhatIsNotNamedIsRefused) {
  TlsPolicy policy = TlsPolicy::intermediate();
  policy.tls12_ciphers = {"ECDHE-ECDSA-AES256-GCM-SHA384"};
  policy.tls13_ciphers = {"TLS_CHACHA20_POLY1305_SHA256"};
  policy.groups = {"prime256v1"};
  const auto server = context(policy);
  const struct {
    int version;
    const char* suite;
    const char* group;
    bool done;
  } rows[] = {
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", "P-256", true},
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256", "P-256", false},
      {TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", "X25519", false},
      {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256", "P-256", true},
      {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256", "X25519:P-256", true},
      {TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", "P-256", false},
      {TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256", "X25519", false},
  };
  for (const auto& row : rows) {
    const MemoryHandshake one(server.get(), wish(row.version, row.suite, row.group));
    EXPECT_EQ(one.done(), row.done) << row.suite << " " << row.group;
    EXPECT_EQ(one.alert(), row.done ? 0 : SSL_AD_HANDSHAKE_FAILURE)
        << row.suite << " " << row.group;
  }
}

// What a ticket was given under does not carry over to where it could not be agreed on.
TEST_F(TlsPolicyHandshake, TicketsDoNotCrossPolicies) {
  const auto one = context(TlsPolicy::intermediate());
  TlsPolicy other = TlsPolicy::intermediate();
  other.groups = {"X25519"};
  const auto two = context(other);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const auto session = MemoryHandshake(one.get(), wish(version)).session();
    ClientWish again = wish(version);
    again.session = session.get();
    EXPECT_FALSE(MemoryHandshake(two.get(), again).resumed());
    EXPECT_TRUE(MemoryHandshake(one.get(), again).resumed());
  }
}

}  // namespace
}  // namespace wssgate::pki
