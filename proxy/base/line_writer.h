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
  /// How many lines were lost: told by the writer's thread when its reader has caught up, or goes
  /// on losing them.
  using TellLost = std::function<void(std::uint64_t lines)>;
  /// Whether those who add lines tell as well, each 10 seconds: the thread cannot while it waits
  /// for the reader. Not where what is told would join the same queue.
  enum class Stuck : std::uint8_t { silent, told };

  /// Lines that come within `gather` share a write. `after`: who writes to the same place until it
  /// ends, and is to be waited for.
  LineWriter(std::unique_ptr<LineSink> sink, std::chrono::milliseconds gather,
             TellLost tell_lost = {}, Stuck stuck = Stuck::silent,
             std::shared_ptr<const LineWriter> after = {});
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  ~LineWriter();

  /// Begins to write. Its thread is as urgent as the caller's. Again: nothing. Throws
  /// std::system_error where there is no thread to be had.
  void start();

  enum class Hurry : std::uint8_t { none, at_once };
  /// `line` without its end; at_once: nothing more is gathered. False where the writer has ended,
  /// and the line is not written. Any thread.
  bool add(std::string_view line, Hurry hurry = Hurry::none);
  /// The sink opens anew what has a name, when the lines that are queued now are written. Any
  /// thread.
  void reopen();
  /// Since the start. Any thread.
  std::uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }

  /// Writes what is queued, and ends: lines that come later are not written. Does not wait for it.
  /// Any thread.
  void end();
  /// The same, for as long as that takes.
  void finish();
  /// Nothing more is written. Any thread.
  bool has_ended() const { return ended_; }

  /// At once, in the caller's thread. How many bytes: fewer where an error broke it off.
  static std::size_t write_now(int fd, std::string_view bytes);

 private:
  void run();
  void await_end() const { ended_.wait(false); }
  void write_queued(std::unique_lock<std::mutex>& lock);
  std::uint64_t take_untold(bool flows);

  std::unique_ptr<LineSink> sink_;
  const std::chrono::milliseconds gather_;
  const TellLost tell_lost_;
  const Stuck stuck_;
  std::shared_ptr<const LineWriter> after_;
  std::atomic<std::uint64_t> lost_ = 0;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::string> blocks_;  // whole lines, the oldest first
  std::size_t queued_ = 0;          // bytes
  bool hurried_ = false;
  bool reopens_ = false;
  std::size_t reopens_after_ = 0;  // so many of the blocks
  bool ending_ = false;
  std::atomic<bool> ended_ = false;  // set with the mutex held
  std::uint64_t told_ = 0;
  std::chrono::steady_clock::time_point next_telling_;
  std::thread thread_;
};

}  // namespace wssgate::log
