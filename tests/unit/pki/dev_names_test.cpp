#include "pki/dev_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509v3.h>

#include <functional>

#include "pki/dev_issue.h"
#include "support/test_ca.h"

namespace wssgate::pki {
namespace {

TEST(DevNames, AreSpelledInOneWayAndListedOnce) {
  const auto names = DevNames::parse(
      {"App.Test", "app.test", "*.Dev.test", "127.0.0.1", "0:0::1", "::1", "localhost"});
  ASSERT_TRUE(names);
  EXPECT_THAT(names->dns, testing::ElementsAre("app.test", "*.dev.test", "localhost"));
  EXPECT_THAT(names->addresses, testing::ElementsAre("127.0.0.1", "::1"));
  EXPECT_EQ(names->subject_alt_name(),
            "DNS:app.test,DNS:*.dev.test,DNS:localhost,IP:127.0.0.1,IP:::1");
}

TEST(DevNames, WhatIsNoNameGoesIntoNoExtension) {
  for (const char* text : {"", "a b", "a,DNS:b.test", "127.0.0.1/8", "1.2.3", "[::1]", "*"}) {
    EXPECT_FALSE(DevNames::parse({"localhost", text})) << text;
  }
}

TEST(DevNames, LocalOnesNeedNoPermissionOfTheirOwn) {
  struct Row {
    const char* name;
    const char* beyond;  // empty: local
  };
  for (const Row& row : {Row{"localhost", ""},
                         Row{"a.b.localhost", ""},
                         Row{"app.test", ""},
                         Row{"*.app.test", ""},
                         Row{"db.internal", ""},
                         Row{"127.255.0.1", ""},
                         Row{"10.0.0.1", ""},
                         Row{"172.16.0.1", ""},
                         Row{"172.31.255.255", ""},
                         Row{"192.168.7.7", ""},
                         Row{"169.254.1.1", ""},
                         Row{"::1", ""},
                         Row{"fd12::1", ""},
                         Row{"fe80::1", ""},
                         Row{"example.com", "example.com"},
                         Row{"*.dev.example.com", "dev.example.com"},
                         Row{"mytest", "mytest"},
                         Row{"app.mytest", "app.mytest"},
                         Row{"test.example.com", "test.example.com"},
                         Row{"172.32.0.1", "172.32.0.1"},
                         Row{"11.0.0.1", "11.0.0.1"},
                         Row{"::2", "::2"},
                         Row{"fec0::1", "fec0::1"},
                         Row{"::ffff:127.0.0.1", "::ffff:127.0.0.1"}}) {
    const auto names = DevNames::parse({row.name});
    ASSERT_TRUE(names) << row.name;
    const DevNames beyond = beyond_local(*names);
    std::vector<std::string> all = beyond.dns;
    all.insert(all.end(), beyond.addresses.begin(), beyond.addresses.end());
    const std::vector<std::string> expected =
        *row.beyond == '\0' ? std::vector<std::string>() : std::vector<std::string>{row.beyond};
    EXPECT_EQ(all, expected) << row.name;
  }
}

TEST(DevNames, AreReadBackFromTheConstraintsOfACa) {
  for (const DevNames& beyond :
       {DevNames{}, DevNames{{"example.com", "app.example.org"}, {"203.0.113.5", "2001:db8::1"}}}) {
    const auto made = make_dev_authority(beyond, test::day(2026, 6, 1));
    ASSERT_TRUE(made);
    EXPECT_EQ(permitted_beyond_local(made->root.get()), beyond);
    EXPECT_EQ(permitted_beyond_local(made->issuer.certificate.get()), beyond);
  }
}

/// Ours, changed, put into a certificate, whose signature nobody looks at.
void add_constraints(X509* certificate, const DevNames& beyond, bool critical,
                     const std::function<void(NAME_CONSTRAINTS&)>& change) {
  const ExtensionPtr ours = dev_constraints(beyond);
  ASSERT_TRUE(ours);
  auto* constraints = static_cast<NAME_CONSTRAINTS*>(X509V3_EXT_d2i(ours.get()));
  change(*constraints);
  EXPECT_EQ(X509_add1_ext_i2d(certificate, NID_name_constraints, constraints, critical ? 1 : 0,
                              X509V3_ADD_REPLACE),
            1);
  NAME_CONSTRAINTS_free(constraints);
}

TEST(DevNames, ConstraintsThatAreNotOursAreNoOnes) {
  test::CertificateOptions options;
  options.common_name = "a CA";
  options.is_ca = true;
  for (const char* constraints :
       {"", "critical,permitted;DNS:localhost", "critical,excluded;DNS:a.test"}) {
    options.name_constraints = constraints;
    const auto ca = test::TestCertificate::self_signed(options);
    EXPECT_EQ(permitted_beyond_local(ca.certificate()), std::nullopt) << constraints;
  }
  struct Row {
    const char* what;
    int type;
    const char* value;
    bool permitted;
  };
  for (const Row& row : {Row{"a domain without the domain itself", GEN_DNS, ".example.com", true},
                         Row{"a network", GEN_IPADD, "203.0.113.0/255.255.255.0", true},
                         Row{"e-mail", GEN_EMAIL, "example.com", true},
                         Row{"anything excluded", GEN_DNS, "a.test", false}}) {
    options.name_constraints = "";
    const auto ca = test::TestCertificate::self_signed(options);
    add_constraints(ca.certificate(), {}, true, [&](NAME_CONSTRAINTS& constraints) {
      GENERAL_SUBTREE* const subtree = GENERAL_SUBTREE_new();
      GENERAL_NAME_free(subtree->base);
      subtree->base = a2i_GENERAL_NAME(nullptr, nullptr, nullptr, row.type, row.value, 1);
      auto& list = row.permitted ? constraints.permittedSubtrees : constraints.excludedSubtrees;
      if (list == nullptr) list = sk_GENERAL_SUBTREE_new_null();
      sk_GENERAL_SUBTREE_push(list, subtree);
    });
    EXPECT_EQ(permitted_beyond_local(ca.certificate()), std::nullopt) << row.what;
  }
  options.name_constraints = "";
  for (const bool critical : {false, true}) {
    const auto ca = test::TestCertificate::self_signed(options);
    add_constraints(ca.certificate(), {}, critical, [](NAME_CONSTRAINTS&) {});
    EXPECT_EQ(permitted_beyond_local(ca.certificate()),
              critical ? std::optional(DevNames()) : std::nullopt);
  }
}

TEST(DevNames, OfWholeTopLevelDomainsAreTold) {
  EXPECT_EQ(first_top_level({}), std::nullopt);
  EXPECT_EQ(first_top_level({{"localhost", "test", "*.internal", "a.com", "*.b.com"}, {"::1"}}),
            std::nullopt);
  EXPECT_EQ(first_top_level({{"a.com", "com"}, {}}), "com");
  EXPECT_EQ(first_top_level({{"mytest"}, {}}), "mytest");
}

TEST(DevNames, ThatAreNotPermittedAreTold) {
  const DevNames permitted{{"example.com"}, {"203.0.113.5"}};
  const auto first = [&](const DevNames& names) { return first_not_permitted(permitted, names); };
  EXPECT_EQ(first({}), std::nullopt);
  EXPECT_EQ(first({{"example.com", "a.b.example.com"}, {"203.0.113.5"}}), std::nullopt);
  EXPECT_EQ(first({{"a.example.com", "myexample.com"}, {}}), "myexample.com");
  EXPECT_EQ(first({{"com"}, {}}), "com");
  EXPECT_EQ(first({{}, {"203.0.113.6"}}), "203.0.113.6");
}

}  // namespace
}  // namespace wssgate::pki
