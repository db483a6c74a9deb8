#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/line_sink.h"

namespace wssgate::log {

/// Writes lines from a thread of its own, as many at a time as have come. Whoever adds one never
/// waits for the reader: of one that falls too far behind the oldest lines give way.
class LineWriter {
 public:
  /// How many lines were lost, told by the writer's thread when its reader has caught up, or goes
  /// on losing them.
  using TellLost = std::function<void(std::uint64_t lines)>;

  /// Lines that come within `gather` share a write.
  LineWriter(std::unique_ptr<LineSink> sink, std::chrono::milliseconds gather,
             TellLost tell_lost = {});
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  ~LineWriter();

  /// `line` without its end. Any thread.
  void add(std::string_view line);
  /// The sink opens anew what has a name, soon. Any thread.
  void reopen();
  /// Since the start. Any thread.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

  /// Writes what is queued, for as long as that takes, and ends the thread: lines that come later
  /// are not written.
  void finish();

  /// At once, in the caller's thread. How many bytes: fewer where an error broke it off.
  static std::size_t write_now(int fd, std::string_view bytes);

 private:
  void run();
  void write_queued(std::unique_lock<std::mutex>& lock);
  void tell_of_lost(bool flows);

  const std::unique_ptr<LineSink> sink_;
  const std::chrono::milliseconds gather_;
  const TellLost tell_lost_;
  std::atomic<std::uint64_t> lost_ = 0;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::string> blocks_;  // whole lines, the oldest first
  std::size_t queued_ = 0;          // bytes
  bool reopens_ = false;
  bool ending_ = false;
  // Of the thread alone.
  std::uint64_t told_ = 0;
  std::chrono::steady_clock::time_point next_telling_;
  std::thread thread_;  // the last: it uses all the others
};

}  // namespace wssgate::log
