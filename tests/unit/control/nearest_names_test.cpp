#include "control/nearest_names.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "gateway/snapshot.h"

namespace wssgate::control {
namespace {

using testing::ElementsAre;
using testing::Optional;
using SnapshotPtr = std::shared_ptr<const gateway::Snapshot>;

SnapshotPtr with_customers(std::size_t count, const std::string& also = "") {
  const auto snapshot = std::make_shared<gateway::Snapshot>();
  const auto add = [&](const std::string& name) {
    snapshot->sites.add(*HostPattern::parse(name), {});
  };
  for (std::size_t i = 0; i < count; ++i) add(fmt::format("customer-{:05}-chat.example.com", i));
  if (!also.empty()) add(also);
  return snapshot;
}

TEST(NearestNames, LooksAmongAllThatAreConfigured) {
  const SnapshotPtr snapshot = with_customers(10'000, "*.shop.example.net");
  NearestNames nearest;
  EXPECT_THAT(nearest.of({"customer-04217-chta.example.com", "customer-0999-chat.example.com",
                          "a.shop.exmple.net", "www.somebody-else.test"},
                         snapshot),
              ElementsAre(Optional(std::string("customer-04217-chat.example.com")),
                          Optional(testing::MatchesRegex("customer-0....-chat.example.com")),
                          Optional(std::string("*.shop.example.net")), Optional(std::string())));
}

TEST(NearestNames, WhatIsManyTakesSeveralAnswers) {
  const SnapshotPtr snapshot = with_customers(10'000);
  std::vector<std::string> asked;
  for (std::size_t i = 0; i < 50; ++i) {
    asked.push_back(fmt::format("customer-{:05}.example.com", i));
  }
  NearestNames nearest;
  const auto first = nearest.of(asked, snapshot);
  EXPECT_TRUE(first.front());
  EXPECT_FALSE(first.back());
  nearest.of(asked, snapshot);
  EXPECT_TRUE(nearest.of(asked, snapshot).back()) << "what was found first is kept";
}

TEST(NearestNames, AnotherConfigurationIsAnotherAnswer) {
  NearestNames nearest;
  const std::vector<std::string> asked = {"chta.example.com"};
  EXPECT_THAT(nearest.of(asked, with_customers(1)), ElementsAre(Optional(std::string())));
  EXPECT_THAT(nearest.of(asked, with_customers(1, "chat.example.com")),
              ElementsAre(Optional(std::string("chat.example.com"))));
}

TEST(NearestNames, ForgetsRatherThanGrowing) {
  const SnapshotPtr snapshot = with_customers(1);
  NearestNames nearest;
  for (std::size_t i = 0; i < 3 * NearestNames::kMostKept; ++i) {
    ASSERT_TRUE(nearest.of({fmt::format("scan-{}.example.com", i)}, snapshot).front());
  }
  EXPECT_LE(nearest.kept(), NearestNames::kMostKept);
}

}  // namespace
}  // namespace wssgate::control
