#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "wssbench/histogram.h"
#include "wssbench/options.h"
#include "wssbench/tls_client.h"

namespace wssgate::bench {

/// When measuring begins and ends; before it the load warms up from `warmup` on.
struct Window {
  TimePoint warmup;
  TimePoint start;
  TimePoint end;
};

/// What happened in one second of the measured time, in one thread or in all.
struct Interval {
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  Histogram latency;

  void merge(const Interval& other);
};

/// Everything that one thread has counted.
struct Totals {
  std::uint64_t count = 0;
  std::uint64_t messages = 0;  ///< for bytes: how many messages they were
  std::map<std::string, std::uint64_t> errors;
  Histogram latency;
  Histogram connect;
  Histogram lateness;
  std::uint64_t resumed = 0;
  std::uint64_t full = 0;
  TlsFacts tls;
  std::uint64_t back = 0;       ///< storm: tunnels that came back
  Nanoseconds recovered_in{0};  ///< storm: the last of them
  std::uint64_t unsent = 0;     ///< of an open loop: due before the end, and never sent

  std::uint64_t error_count() const;
  void merge(const Totals& other);
};

/// The books of one thread. Everything but take_intervals() belongs to it.
class Recorder {
 public:
  explicit Recorder(const Options& options);

  void begin(const Window& window) { window_ = window; }
  void cut(TimePoint end) { window_.end = std::min(window_.end, end); }
  const Window& window() const { return window_; }

  /// Work was done by `now`. In an open loop it counts where it was meant to begin, `intended`.
  void done(TimePoint intended, TimePoint now, std::uint64_t units = 1);
  /// Parts of work that have no latency of their own: bytes.
  void count(TimePoint now, std::uint64_t units);
  void latency(TimePoint intended, TimePoint now);
  /// Of what comes after the measured time on purpose.
  void latency_after_all(TimePoint intended, TimePoint now);
  /// Storm: a tunnel is there again.
  void came_back(TimePoint storm, TimePoint now);
  void error(const Error& error, TimePoint now, std::uint64_t times = 1);
  void connected(TimePoint began, TimePoint now, SSL* ssl);
  void sent_late(Nanoseconds by);
  void unsent(std::uint64_t messages) { totals_.unsent += messages; }

  /// Ends the seconds that have passed: call it now and then.
  void roll(TimePoint now);
  /// The ended seconds of the measured time, by their number, once each. Any thread.
  std::map<std::size_t, Interval> take_intervals();
  /// Once the thread has stopped.
  Totals& totals() { return totals_; }

 private:
  bool measured(TimePoint when) const { return when >= window_.start && when < window_.end; }

  bool open_loop_;
  bool all_connects_;
  Window window_{TimePoint::max(), TimePoint::max(), TimePoint::max()};
  Totals totals_;
  Interval current_;
  std::size_t current_index_ = 0;
  std::mutex mutex_;
  std::map<std::size_t, Interval> ended_;
};

}  // namespace wssgate::bench
