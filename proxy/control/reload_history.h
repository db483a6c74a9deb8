#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "control/reload.h"

namespace wssgate::control {

/// The last reloads. Those of the same cause that came to the same as the one before, and changed
/// nothing, are one with it: while something is refused there is one every minute. What is kept of
/// each is bounded.
class ReloadHistory {
 public:
  static constexpr std::size_t kMostReloads = 24;
  static constexpr std::size_t kMostProblems = 10;

  struct Entry {
    /// The first one, with the first kMostProblems of each kind.
    Reload reload;
    std::uint64_t times = 1;
    std::chrono::system_clock::time_point last;
    std::size_t problems_left_out = 0;
    /// Of all its problems, those that were left out too.
    std::size_t digest = 0;
  };

  void add(const Reload& reload);
  /// Oldest first.
  const std::deque<Entry>& entries() const { return entries_; }

 private:
  std::deque<Entry> entries_;
};

}  // namespace wssgate::control
