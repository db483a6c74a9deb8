#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace wssgate::bench {

/// Counts of values by size, as HdrHistogram has them: three significant digits (a bucket is less
/// than 0.1 % of its value wide), 264 KiB however many values, no allocation while recording.
/// Values are whole numbers, here nanoseconds; above `kHighest` (73 minutes) they count as that.
/// Belongs to one thread.
class Histogram {
 public:
  static constexpr std::uint64_t kHighest = (std::uint64_t{1} << 42U) - 1;

  Histogram();

  void record(std::uint64_t value, std::uint64_t times = 1);
  void merge(const Histogram& other);
  void clear();

  std::uint64_t count() const { return count_; }
  /// Exact. 0 when nothing was recorded, as are all figures below.
  std::uint64_t min() const { return count_ == 0 ? 0 : min_; }
  std::uint64_t max() const { return max_; }
  double mean() const;
  double stdev() const;
  /// The smallest bucket end that at least `percent` of all values do not exceed; never above
  /// max().
  std::uint64_t percentile(double percent) const;

  /// (the largest value of the bucket, how many), ascending, without the empty ones.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> buckets() const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t min_ = kHighest;
  std::uint64_t max_ = 0;
  double sum_ = 0;
  double sum_of_squares_ = 0;
};

}  // namespace wssgate::bench
