#include "wssbench/statistics.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "wssbench/comparison.h"

namespace wssgate::bench {
namespace {

using Json = nlohmann::json;

std::vector<double> noisy(double mean, double deviation, std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> spread(mean, deviation);
  std::vector<double> values(count);
  for (double& value : values) value = spread(random);
  return values;
}

TEST(BenchStatistics, TheBoundsHoldTheRatio) {
  const Ratio ratio = bootstrap_ratio({noisy(100, 5, 60, 1)}, {noisy(110, 5, 60, 2)}, Center::mean);
  EXPECT_NEAR(ratio.value, 1.1, 0.03);
  EXPECT_LT(ratio.low, ratio.value);
  EXPECT_GT(ratio.high, ratio.value);
  EXPECT_GT(ratio.low, 1.05);
  EXPECT_LT(ratio.high, 1.15);
}

// Of 100 pairs that are alike about five may seem different.
TEST(BenchStatistics, AlikeSidesSeldomSeemDifferent) {
  int different = 0;
  for (unsigned i = 0; i < 100; ++i) {
    const Runs a = {noisy(100, 10, 30, 2 * i)};
    const Runs b = {noisy(100, 10, 30, 2 * i + 1)};
    const Ratio ratio = bootstrap_ratio(a, b, Center::mean);
    different += (ratio.low > 1 || ratio.high < 1) ? 1 : 0;
  }
  EXPECT_LE(different, 15);
}

TEST(BenchStatistics, MannWhitneyIsAsPublished) {
  EXPECT_NEAR(mann_whitney({1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}), 0.0122, 0.0005);
  EXPECT_EQ(mann_whitney({3, 3, 3}, {3, 3, 3}), 1);
  EXPECT_GT(mann_whitney({1, 3, 5, 7}, {2, 4, 6, 8}), 0.5);
  EXPECT_EQ(mann_whitney({}, {1}), 1);
}

TEST(BenchStatistics, TheMedianOfAnEvenNumberLiesBetween) {
  EXPECT_EQ(center({4, 1, 3, 2}, Center::median), 2.5);
  EXPECT_EQ(center({5, 1, 3}, Center::median), 3);
}

Json run(const std::vector<double>& rates, double latency, Json cpu) {
  Json series = Json::array();
  for (std::size_t i = 0; i < rates.size(); ++i) {
    series.push_back({{"at", i},
                      {"count", rates[i]},
                      {"errors", 0},
                      {"p50", latency + double(i % 3)},
                      {"p99", 3 * latency + double(i % 5)},
                      {"max", 9 * latency}});
  }
  return {{"mode", "echo"},
          {"options", {{"size", 128}}},
          {"seconds", rates.size()},
          {"work", {{"unit", "message"}}},
          {"errors", {{"total", 0}}},
          {"connect", {{"p50", 900}}},
          {"series", series},
          {"server", {{"cpu_us_per_unit", std::move(cpu)}}},
          {"load_generator", {{"limited", false}}}};
}

const Measure& measure_of(const Comparison& comparison, const std::string& name) {
  for (const Measure& each : comparison.measures) {
    if (each.name == name) return each;
  }
  throw std::out_of_range(name);
}

TEST(BenchDiff, SaysWhatIsBetterAndWhatIsNot) {
  const auto compared = compare_runs({run(noisy(1000, 20, 30, 1), 100, 12.0)},
                                     {run(noisy(1200, 20, 30, 2), 100, 11.0)});
  ASSERT_TRUE(compared);
  EXPECT_EQ(measure_of(*compared, "throughput").judgement, Judgement::faster);
  EXPECT_EQ(measure_of(*compared, "latency p50").judgement, Judgement::no_difference_told);
  // One number a side says nothing of chance.
  EXPECT_EQ(measure_of(*compared, "server CPU a message").judgement, Judgement::unjudged);
  EXPECT_FALSE(compared->slower());
}

TEST(BenchDiff, LessLatencyIsBetterAndMoreIsWorse) {
  const auto compared = compare_runs({run(noisy(1000, 20, 30, 1), 100, nullptr)},
                                     {run(noisy(1000, 20, 30, 2), 120, nullptr)});
  ASSERT_TRUE(compared);
  EXPECT_EQ(measure_of(*compared, "latency p50").judgement, Judgement::slower);
  EXPECT_TRUE(compared->slower());
  EXPECT_NE(compared->text().find("B is worse"), std::string::npos);
}

TEST(BenchDiff, SeveralRunsJudgeWhatARunHasOnlyOneOf) {
  std::vector<Json> a;
  std::vector<Json> b;
  for (unsigned i = 0; i < 5; ++i) {
    a.push_back(run(noisy(1000, 20, 10, i), 100, 12.0 + 0.1 * i));
    b.push_back(run(noisy(1000, 20, 10, 10 + i), 100, 10.0 + 0.1 * i));
  }
  const auto compared = compare_runs(a, b);
  ASSERT_TRUE(compared);
  EXPECT_EQ(measure_of(*compared, "server CPU a message").judgement, Judgement::faster);
}

TEST(BenchDiff, WhatDoesNotMeasureTheSameIsRefused) {
  Json other = run({1, 2}, 1, nullptr);
  other["mode"] = "get";
  EXPECT_FALSE(compare_runs({run({1, 2}, 1, nullptr)}, {other}));
  EXPECT_FALSE(compare_runs({Json::object()}, {Json::object()}));
}

}  // namespace
}  // namespace wssgate::bench
