#include "wssbench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace wssgate::bench {
namespace {

// Values below 2048 have a bucket each. From there on every power of two is cut into 1024 buckets.
constexpr unsigned kExactBits = 11;
constexpr std::uint64_t kExact = std::uint64_t{1} << kExactBits;
constexpr std::uint64_t kHalf = kExact / 2;
constexpr unsigned kHighestBits = 42;
constexpr std::size_t kBuckets = kExact + (kHighestBits - kExactBits) * kHalf;

std::size_t index_of(std::uint64_t value) {
  const auto bits = static_cast<unsigned>(std::bit_width(value));
  if (bits <= kExactBits) return value;
  const unsigned shift = bits - kExactBits;
  return kExact + (shift - 1) * kHalf + ((value >> shift) - kHalf);
}

std::uint64_t highest_of(std::size_t index) {
  if (index < kExact) return index;
  const std::uint64_t above = index - kExact;
  const auto shift = static_cast<unsigned>(above / kHalf + 1);
  return ((above % kHalf + kHalf + 1) << shift) - 1;
}

}  // namespace

Histogram::Histogram() : counts_(kBuckets) {}

void Histogram::record(std::uint64_t value, std::uint64_t times) {
  value = std::min(value, kHighest);
  counts_[index_of(value)] += times;
  count_ += times;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  const auto number = static_cast<double>(value);
  sum_ += number * static_cast<double>(times);
  sum_of_squares_ += number * number * static_cast<double>(times);
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  for (std::size_t i = index_of(other.min_); i <= index_of(other.max_); ++i) {
    counts_[i] += other.counts_[i];
  }
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
  sum_of_squares_ += other.sum_of_squares_;
}

// Only what was used is touched: this is done once a second in every thread.
void Histogram::clear() {
  if (count_ == 0) return;
  for (std::size_t i = index_of(min_); i <= index_of(max_); ++i) counts_[i] = 0;
  count_ = 0;
  min_ = kHighest;
  max_ = 0;
  sum_ = sum_of_squares_ = 0;
}

double Histogram::mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

double Histogram::stdev() const {
  if (count_ == 0) return 0;
  const double average = mean();
  return std::sqrt(
      std::max(0.0, sum_of_squares_ / static_cast<double>(count_) - average * average));
}

std::uint64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  const double share = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_);
  // A rank that is whole but for rounding must not become the next one.
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share - 1e-6)));
  std::uint64_t seen = 0;
  for (std::size_t i = index_of(min_); i <= index_of(max_); ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(highest_of(i), max_);
  }
  return max_;
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> Histogram::buckets() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> filled;
  if (count_ == 0) return filled;
  for (std::size_t i = index_of(min_); i <= index_of(max_); ++i) {
    if (counts_[i] != 0) filled.emplace_back(std::min(highest_of(i), max_), counts_[i]);
  }
  return filled;
}

}  // namespace wssgate::bench
