#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/error.h"

namespace wssgate::gateway {

/// Keeps refusals from flooding the log: lets through a few lines a second for each reason, and
/// counts the rest for the next line. Belongs to one worker.
class LineSampler {
 public:
  using Clock = std::chrono::steady_clock;

  /// Whether to write the line; if so, how many for this reason were left out before it.
  std::optional<std::int64_t> sample(Reason reason, Clock::time_point now) {
    State& state = states_[static_cast<std::size_t>(reason)];
    if (now - state.began >= std::chrono::seconds(1)) {
      state.began = now;
      state.left = kPerSecond;
    }
    if (state.left == 0) {
      ++state.left_out;
      return std::nullopt;
    }
    --state.left;
    return std::exchange(state.left_out, 0);
  }

 private:
  static constexpr int kPerSecond = 10;
  struct State {
    Clock::time_point began;
    int left = kPerSecond;
    std::int64_t left_out = 0;
  };
  std::array<State, kReasonCount> states_{};
};

}  // namespace wssgate::gateway
