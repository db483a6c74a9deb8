#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "wssbench/recorder.h"
#include "wssbench/server_probe.h"

namespace wssgate::bench {

/// How the load generator itself did: whether what was measured is the server.
struct GeneratorFigures {
  std::size_t threads = 0;
  std::chrono::duration<double> cpu{0};
  /// The share of the measured time that the busiest thread was on a processor.
  double busiest_thread = 0;
  /// The share of it that a thread could have run and had to wait for a processor, the worst one.
  double waited_for_cpu = 0;
  bool limited = false;
  /// What was in the way, and what to do about it; also what is no limit but good to know.
  std::vector<std::string> notes;
};

/// What everyone's reconnecting at once looked like (storm).
struct StormFigures {
  std::size_t tunnels = 0;
  std::size_t back = 0;
  double recovered_seconds = 0;
};

/// All that a run measured.
struct Results {
  std::string started;  ///< ISO 8601, UTC
  std::string address;  ///< what was connected to
  double seconds = 0;   ///< measured
  bool interrupted = false;
  std::size_t tunnels_at_peak = 0;
  Totals totals;
  std::map<std::size_t, Interval> series;
  std::optional<ServerFigures> server;
  std::optional<StormFigures> storm;
  GeneratorFigures generator;

  double per_second() const {
    return seconds > 0 ? static_cast<double>(totals.count) / seconds : 0;
  }
  /// Neither work nor a connection came about.
  bool nothing_worked() const { return totals.count == 0 && totals.connect.count() == 0; }
};

}  // namespace wssgate::bench
