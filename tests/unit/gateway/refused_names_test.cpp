#include "gateway/refused_names.h"

#include <gtest/gtest.h>

#include <string>

namespace wssgate::gateway {
namespace {

using namespace std::chrono_literals;
const RefusedNames::TimePoint kNow{1'000'000s};

TEST(RefusedNames, AreCountedAndTheMostFrequentComesFirst) {
  RefusedNames names;
  names.add("rare.example", kNow);
  for (int i = 0; i < 3; ++i) names.add("Often.Example", kNow + i * 1s);
  const auto top = names.top(10);
  ASSERT_EQ(top.size(), 2);
  EXPECT_EQ(top[0].name, "often.example");
  EXPECT_EQ(top[0].count.times, 3);
  EXPECT_EQ(top[0].count.at_least(), 3);
  EXPECT_EQ(top[0].count.last, kNow + 2s);
  EXPECT_EQ(names.top(1).size(), 1);
  EXPECT_EQ(names.evicted(), 0);
}

TEST(RefusedNames, WhatIsNoTextIsEscapedAndCut) {
  RefusedNames names;
  names.add("a\nb\x1b[31m", kNow);
  names.add(std::string(100'000, 'x'), kNow + 1s);
  const auto top = names.top(2);
  EXPECT_EQ(top[0].name, std::string(253, 'x') + "...");
  EXPECT_EQ(top[1].name, R"(a\x0ab\x1b[31m)");
}

TEST(RefusedNames, AFloodOfMadeUpNamesDoesNotHideOneThatComesOften) {
  RefusedNames names;
  const auto made_up = [](int number) { return "made-up-" + std::to_string(number) + ".example"; };
  for (int i = 0; i < 20'000; ++i) {
    names.add(made_up(i), kNow);
    if (i % 100 == 0) names.add("often.example", kNow);
  }
  EXPECT_EQ(names.size(), RefusedNames::kMostNames);
  EXPECT_GT(names.evicted(), 18'000);
  const auto top = names.top(2);
  EXPECT_EQ(top[0].name, "often.example");
  // It came 200 times: never less than is certain, and never more than is possible.
  EXPECT_LE(top[0].count.at_least(), 200);
  EXPECT_GE(top[0].count.times, 200);
  EXPECT_EQ(top[1].count.at_least(), 1);
}

TEST(RefusedNames, OfAllWorkersAreOneList) {
  RefusedNames first;
  RefusedNames second;
  first.add("both.example", kNow);
  first.add("one-too-many.example", kNow);
  second.add("both.example", kNow + 1s);
  for (std::size_t i = 1; i < RefusedNames::kMostNames; ++i) second.add(std::to_string(i), kNow);
  EXPECT_EQ(second.evicted(), 0);
  first.add(second);
  EXPECT_EQ(first.size(), RefusedNames::kMostNames);
  EXPECT_EQ(first.top(1).front().name, "both.example");
  EXPECT_EQ(first.top(1).front().count.times, 2);
  EXPECT_EQ(first.top(1).front().count.last, kNow + 1s);
  EXPECT_EQ(first.evicted(), 1);
}

TEST(RefusedNames, AnotherWorkersFloodDoesNotPushOutOneThatComesOften) {
  RefusedNames flooded;
  for (int i = 0; i < 20'000; ++i) flooded.add("made-up-" + std::to_string(i), kNow);
  RefusedNames quiet;
  for (int i = 0; i < 50; ++i) quiet.add("often.example", kNow);
  RefusedNames all;
  all.add(quiet);
  all.add(flooded);
  EXPECT_EQ(all.size(), RefusedNames::kMostNames);
  const auto first = all.top(1).front();
  EXPECT_EQ(first.name, "often.example");
  EXPECT_EQ(first.count.at_least(), 50);
  // The flooded worker may have seen it too, and given it up.
  EXPECT_GT(first.count.times, 50 + 70);
}

}  // namespace
}  // namespace wssgate::gateway
