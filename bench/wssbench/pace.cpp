#include "wssbench/pace.h"

#include <cmath>

namespace wssgate::bench {
namespace {

constexpr double kSecond = 1e9;

}  // namespace

Pace::Pace(double rate, std::size_t slots, std::size_t index, TimePoint start)
    : interval_ns_(static_cast<double>(slots) * kSecond / rate),
      offset_ns_(static_cast<double>(index) * kSecond / rate),
      start_(start) {}

// From the start each time: adding intervals up would add their rounding up as well.
TimePoint Pace::next() const {
  const double after = offset_ns_ + static_cast<double>(turn_) * interval_ns_;
  return start_ + Nanoseconds(std::llround(after));
}

std::uint64_t Pace::left_until(TimePoint end) const {
  const auto left = std::chrono::duration<double, std::nano>(end - next()).count();
  return left <= 0 ? 0 : static_cast<std::uint64_t>(std::ceil(left / interval_ns_));
}

}  // namespace wssgate::bench
