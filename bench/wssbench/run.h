#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "wssbench/load_thread.h"
#include "wssbench/results.h"

namespace wssgate::bench {

/// Where a run is, for those who watch it.
struct Status {
  enum class Phase : std::uint8_t { connecting, warmup, measuring, ending };
  Phase phase = Phase::connecting;
  double elapsed = 0;  ///< seconds of the phase
  double length = 0;   ///< of the phase; 0: unknown
  std::size_t tunnels = 0;
  std::size_t connections = 0;
  std::uint64_t count = 0;  ///< measured so far
  std::uint64_t errors = 0;
  /// The last whole second; null before there is one.
  const Interval* last = nullptr;
};
using Watch = std::function<void(const Status& status)>;

/// Loads as `plan` says and measures: connect, warm up, measure, end. Blocks. `stop`, set from
/// anywhere (a signal handler), ends it early with what was measured so far. `watch` is called a
/// few times a second. Error: internal_error with a sentence for the command line.
Result<Results> run_load(const Plan& plan, const std::atomic<bool>& stop, const Watch& watch);

}  // namespace wssgate::bench
