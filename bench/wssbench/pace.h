#pragma once

#include <cstdint>

#include "wssbench/options.h"

namespace wssgate::bench {

/// When each message of an open loop is meant to be sent: `rate` a second over all slots, evenly
/// spread; slot `index` of `slots` has the times index/rate, (index+slots)/rate … after `start`.
/// Times never slip: a slot that is late has the next one all the same, so that a stall of the
/// server is in the latency of every message that it held up (no coordinated omission).
class Pace {
 public:
  Pace() = default;
  Pace(double rate, std::size_t slots, std::size_t index, TimePoint start);

  TimePoint next() const;
  void advance() { ++turn_; }
  /// How many from next() on lie before `end`.
  std::uint64_t left_until(TimePoint end) const;

 private:
  double interval_ns_ = 0;  // between two of one slot
  double offset_ns_ = 0;
  TimePoint start_;
  std::uint64_t turn_ = 0;
};

}  // namespace wssgate::bench
