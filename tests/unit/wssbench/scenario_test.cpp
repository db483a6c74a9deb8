#include "wssbench/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wssgate::bench {
namespace {

using testing::HasSubstr;

constexpr const char* kGood = R"(
users:
  - name: reader
    weight: 3
    path: /news?topic=1
    steps:
      - send: '{"subscribe":"news"}'
      - receive: 5
      - think: 100ms..2s
      - close: 1001
  - steps:
      - echo: {size: 16KiB, count: 4}
      - echo: 2
)";

std::string fault(const std::string& yaml) {
  const auto parsed = Scenario::parse(yaml, "s.yaml");
  return parsed ? "" : parsed.error().context;
}

TEST(BenchScenario, IsRead) {
  const auto scenario = Scenario::parse(kGood, "s.yaml");
  ASSERT_TRUE(scenario) << scenario.error().context;
  ASSERT_EQ(scenario->users.size(), 2U);
  const User& reader = scenario->users[0];
  EXPECT_EQ(reader.path, "/news?topic=1");
  ASSERT_EQ(reader.steps.size(), 4U);
  EXPECT_EQ(reader.steps[0].text, R"({"subscribe":"news"})");
  EXPECT_EQ(reader.steps[1].count, 5U);
  EXPECT_EQ(reader.steps[2].least, Duration(100));
  EXPECT_EQ(reader.steps[2].most, Duration(2'000));
  EXPECT_EQ(reader.steps[3].code, 1001);
  const User& other = scenario->users[1];
  EXPECT_EQ(other.steps[0].size, 16U * 1024);
  EXPECT_EQ(other.steps[0].count, 4U);
  EXPECT_EQ(other.steps[1].count, 2U);
}

TEST(BenchScenario, DrawsUsersByWeight) {
  const auto scenario = Scenario::parse(kGood, "s.yaml");
  ASSERT_TRUE(scenario);
  EXPECT_EQ(&scenario->draw(0), &scenario->users[0]);
  EXPECT_EQ(&scenario->draw(0.74), &scenario->users[0]);
  EXPECT_EQ(&scenario->draw(0.76), &scenario->users[1]);
  EXPECT_EQ(&scenario->draw(1), &scenario->users[1]);
}

TEST(BenchScenario, EveryProblemIsToldWithItsPlace) {
  const std::string told = fault(R"(users:
  - steps:
      - recieve: 1
      - think: soon
  - weight: 0
    steps: []
)");
  EXPECT_THAT(
      told,
      HasSubstr("s.yaml:3:9: unknown key 'recieve' in a step. write 'receive' if you meant that"));
  EXPECT_THAT(told, HasSubstr("s.yaml:4:16: this is no time to think"));
  EXPECT_THAT(told, HasSubstr("s.yaml:5:13: this is no weight"));
  EXPECT_THAT(told, HasSubstr("this user has no steps"));
}

TEST(BenchScenario, WhatIsNoneIsRefused) {
  EXPECT_THAT(fault("users: ["), HasSubstr("s.yaml:"));
  EXPECT_THAT(fault("- a"), HasSubstr("a scenario is no mapping"));
  EXPECT_THAT(fault("users: []"), HasSubstr("there are no users"));
  EXPECT_THAT(fault("users: [{steps: [{send: a, close: 1000}]}]"),
              HasSubstr("a step does one thing"));
  EXPECT_THAT(fault("users: [{steps: [{close: 99}]}]"), HasSubstr("no close code"));
  EXPECT_THAT(fault("users: [{path: x, steps: [{send: a}]}]"), HasSubstr("no path"));
}

}  // namespace
}  // namespace wssgate::bench
