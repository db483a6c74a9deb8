#include "pki/certificate_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "support/test_ca.h"

namespace wssgate::pki {
namespace {

using test::day;

std::shared_ptr<const Certificate> certificate(
    const char* label, const std::vector<std::string>& names, KeyType type = KeyType::ecdsa,
    std::chrono::system_clock::time_point not_after = day(2027, 1, 1)) {
  auto made = std::make_shared<Certificate>();
  made->chain_file = label;
  made->key_type = type;
  made->not_after = not_after;
  for (const auto& name : names) made->names.push_back(*HostPattern::parse(name));
  return made;
}

std::vector<std::string> selected(const CertificateStore& store, const char* name) {
  std::vector<std::string> labels;
  for (const auto& one : store.select(*HostPattern::parse(name))) labels.push_back(one->chain_file);
  return labels;
}

TEST(CertificateStore, SelectsBySubjectAlternativeName) {
  CertificateStore store;
  store.add(certificate("exact", {"a.example.com", "b.example.com"}));
  store.add(certificate("wildcard", {"*.example.com", "*.deep.example.com"}));
  const std::vector<std::pair<const char*, const char*>> table = {
      {"a.example.com", "exact"},    {"b.example.com", "exact"},
      {"c.example.com", "wildcard"}, {"x.deep.example.com", "wildcard"},
      {"*.example.com", "wildcard"}, {"x.y.example.com", ""},
      {"example.com", ""},           {"*.other.example.com", ""},
      {"*.a.example.com", ""},       {"localhost", ""},
  };
  for (const auto& [name, expected] : table) {
    const auto found = selected(store, name);
    EXPECT_EQ(found.empty() ? "" : found.front(), expected) << name;
    EXPECT_LE(found.size(), 1U) << name;
  }
  EXPECT_EQ(store.size(), 2U);
}

TEST(CertificateStore, OneOfEachKeyTypeEachTheMostSpecific) {
  CertificateStore store;
  store.add(certificate("ecdsa wildcard", {"*.example.com"}, KeyType::ecdsa, day(2030, 1, 1)));
  store.add(certificate("rsa wildcard", {"*.example.com"}, KeyType::rsa));
  store.add(certificate("ecdsa exact", {"a.example.com"}));
  EXPECT_THAT(selected(store, "a.example.com"),
              testing::ElementsAre("ecdsa exact", "rsa wildcard"));
  EXPECT_THAT(selected(store, "b.example.com"),
              testing::ElementsAre("ecdsa wildcard", "rsa wildcard"));
}

TEST(CertificateStore, AmongEqualsTheOneThatEndsLast) {
  CertificateStore store;
  store.add(certificate("old", {"a.test"}, KeyType::ecdsa, day(2026, 1, 1)));
  store.add(certificate("new", {"a.test"}, KeyType::ecdsa, day(2028, 1, 1)));
  store.add(certificate("middle", {"a.test"}, KeyType::ecdsa, day(2027, 1, 1)));
  EXPECT_THAT(selected(store, "a.test"), testing::ElementsAre("new"));
}

TEST(CertificateStore, TenThousandAreFoundAsQuicklyAsOne) {
  CertificateStore store;
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "host" + std::to_string(i) + ".example.com";
    store.add(certificate(name.c_str(), {name, "*." + name}));
  }
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 10'000; ++i) {
    const std::string name = "ws.host" + std::to_string(i) + ".example.com";
    ASSERT_EQ(store.select(*HostPattern::parse(name)).size(), 1U);
  }
  // Looking through all of them each time would be 10^8 comparisons: minutes here.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(CertificateStore, KnowsWhatARefusedCertificateWouldCover) {
  CertificateStore store;
  store.add_refused("certs/a/fullchain.pem",
                    {*HostPattern::parse("a.test"), *HostPattern::parse("*.a.test")});
  const std::vector<std::pair<const char*, const char*>> table = {
      {"a.test", "certs/a/fullchain.pem"},
      {"x.a.test", "certs/a/fullchain.pem"},
      {"*.a.test", "certs/a/fullchain.pem"},
      {"b.test", ""},
      {"x.y.a.test", ""},
      {"*.x.a.test", ""},
  };
  for (const auto& [name, expected] : table) {
    EXPECT_EQ(store.refused_for(*HostPattern::parse(name)).value_or(""), expected) << name;
  }
  EXPECT_TRUE(store.select(*HostPattern::parse("a.test")).empty());
}

}  // namespace
}  // namespace wssgate::pki
