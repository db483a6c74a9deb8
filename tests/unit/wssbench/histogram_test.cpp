#include "wssbench/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace wssgate::bench {
namespace {

constexpr double kPrecision = 0.001;

/// The value that `percent` of the sorted ones do not exceed.
std::uint64_t exact(const std::vector<std::uint64_t>& sorted, double percent) {
  const auto rank =
      static_cast<std::size_t>(std::ceil(percent / 100 * double(sorted.size()) - 1e-6));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

/// Latencies as they are: most of them near each other, a few far away.
std::vector<std::uint64_t> sample(std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> spread(11, 1.5);
  std::vector<std::uint64_t> values(count);
  for (auto& value : values) value = static_cast<std::uint64_t>(spread(random));
  return values;
}

void expect_like(const Histogram& histogram, std::vector<std::uint64_t> values) {
  std::sort(values.begin(), values.end());
  for (const double percent : {0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const auto wanted = static_cast<double>(exact(values, percent));
    const auto got = static_cast<double>(histogram.percentile(percent));
    EXPECT_GE(got, wanted) << percent;
    EXPECT_LE(got, wanted * (1 + kPrecision) + 1) << percent;
  }
}

TEST(BenchHistogram, PercentilesAreThoseOfTheValuesToThreeDigits) {
  const auto values = sample(200'000, 1);
  Histogram histogram;
  for (const std::uint64_t value : values) histogram.record(value);
  expect_like(histogram, values);
}

TEST(BenchHistogram, MergedOnesAreLikeOneOfAllValues) {
  const auto first = sample(5'000, 2);
  const auto second = sample(70, 3);
  Histogram histogram;
  Histogram other;
  for (const std::uint64_t value : first) histogram.record(value);
  for (const std::uint64_t value : second) other.record(value);
  histogram.merge(other);
  histogram.merge(Histogram());
  auto all = first;
  all.insert(all.end(), second.begin(), second.end());
  EXPECT_EQ(histogram.count(), all.size());
  expect_like(histogram, all);
}

TEST(BenchHistogram, MeanAndDeviationAreExact) {
  Histogram histogram;
  for (const std::uint64_t value : {2U, 4U, 4U, 4U, 5U, 5U, 7U, 9U}) histogram.record(value);
  EXPECT_DOUBLE_EQ(histogram.mean(), 5);
  EXPECT_DOUBLE_EQ(histogram.stdev(), 2);
  EXPECT_EQ(histogram.min(), 2U);
  EXPECT_EQ(histogram.max(), 9U);
}

TEST(BenchHistogram, AnEmptyOneHasZeros) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.min(), 0U);
  EXPECT_EQ(histogram.percentile(50), 0U);
  EXPECT_EQ(histogram.mean(), 0);
  EXPECT_TRUE(histogram.buckets().empty());
}

TEST(BenchHistogram, ClearedItIsAsNew) {
  Histogram histogram;
  for (const std::uint64_t value : sample(1'000, 4)) histogram.record(value);
  histogram.clear();
  EXPECT_EQ(histogram.count(), 0U);
  histogram.record(7);
  EXPECT_EQ(histogram.percentile(100), 7U);
  EXPECT_EQ(histogram.buckets().size(), 1U);
}

TEST(BenchHistogram, WhatIsTooLargeCountsAsTheLargest) {
  Histogram histogram;
  histogram.record(~std::uint64_t{0});
  histogram.record(Histogram::kHighest);
  EXPECT_EQ(histogram.max(), Histogram::kHighest);
  EXPECT_EQ(histogram.percentile(50), Histogram::kHighest);
}

TEST(BenchHistogram, BucketsAreNarrowAndHoldEverything) {
  Histogram histogram;
  std::uint64_t count = 0;
  for (std::uint64_t value = 1; value < Histogram::kHighest; value = value * 9 / 8 + 1) {
    Histogram one;
    one.record(value);
    one.record(value + value / 2);
    ASSERT_GE(one.buckets().front().first, value);
    ASSERT_LE(double(one.buckets().front().first), double(value) * (1 + kPrecision));
    histogram.record(value);
    ++count;
  }
  std::uint64_t held = 0;
  for (const auto& [value, times] : histogram.buckets()) held += times;
  EXPECT_EQ(held, count);
}

}  // namespace
}  // namespace wssgate::bench
