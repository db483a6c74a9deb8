#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace wssgate {

/// How many values lie below each of some fixed bounds, and their sum: what Prometheus computes
/// percentiles from. In seconds. One thread.
class Histogram {
 public:
  /// `bounds` ascend, and outlive this.
  explicit Histogram(std::span<const double> bounds)
      : bounds_(bounds), counts_(bounds.size() + 1) {}

  void add(std::chrono::duration<double> value) {
    const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value.count());
    ++counts_[static_cast<std::size_t>(bound - bounds_.begin())];
    sum_ += value.count();
  }
  /// Of the same bounds.
  void add(const Histogram& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    sum_ += other.sum_;
  }

  std::span<const double> bounds() const { return bounds_; }
  /// Of the values up to each bound and above the one before; one more for those above all.
  std::span<const std::uint64_t> counts() const { return counts_; }
  double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
};

/// From a hundred microseconds to ten seconds: what one answer takes.
inline constexpr std::array kAnswerSeconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                           0.01,   0.025,   0.05,   0.1,   0.25,   0.5,
                                           1.0,    2.5,     5.0,    10.0};
/// From ten microseconds to a second: what one turn of a loop takes.
inline constexpr std::array kTurnSeconds{0.00001, 0.0001, 0.0005, 0.001, 0.005,
                                         0.01,    0.05,   0.1,    0.5,   1.0};
/// From a second to a week: how long a tunnel lasts.
inline constexpr std::array kLifeSeconds{1.0,    10.0,    60.0,    300.0,    1'800.0,
                                         3600.0, 21600.0, 86400.0, 604'800.0};

}  // namespace wssgate
