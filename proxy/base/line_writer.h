#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace wssgate::log {

/// Writes lines to a descriptor from a thread of its own, as many at a time as have come. Whoever
/// adds one never waits for the reader: of one that falls too far behind the oldest lines give way.
class LineWriter {
 public:
  /// `fd` is closed in the end, except standard output and error. Lines that come within `gather`
  /// share a write.
  LineWriter(int fd, std::chrono::milliseconds gather);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  /// Writes what is queued, for as long as that takes.
  ~LineWriter();

  /// `line` without its end. Any thread.
  void add(std::string_view line);

  /// At once, in the caller's thread; what cannot be written is lost.
  static void write_now(int fd, std::string_view bytes);

 private:
  void run();

  const int fd_;
  const std::chrono::milliseconds gather_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::string> blocks_;  // whole lines, the oldest first
  std::size_t queued_ = 0;          // bytes
  bool ending_ = false;
  std::thread thread_;  // the last: it uses all the others
};

}  // namespace wssgate::log
