#pragma once

#include <array>
#include <functional>
#include <span>
#include <thread>

#include "net/loop.h"

namespace wssgate::net {

/// One thread with its own loop and its own connections. Workers share nothing on the data path.
class Worker {
 public:
  Worker() = default;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() { stop(); }

  /// Runs the loop in a thread of its own, named `name` (15 characters at most).
  void start(const std::string& name);
  /// Ends the loop and its thread. What the loop still holds is destroyed with the worker.
  void stop();

  /// Runs `task` on the worker's thread. Any thread may call it.
  void post(std::function<void()> task) { loop_.post(std::move(task)); }

  Loop& loop() { return loop_; }
  /// Memory for bytes between a read and the write that follows it at once; never held across a
  /// co_await, so one for all connections is enough.
  std::span<char> scratch() { return scratch_; }

 private:
  // What one read of a TLS stream can bring: TlsWire::kMostInput, and a record begun before.
  static constexpr std::size_t kScratch = std::size_t{80} * 1024;

  Loop loop_;
  std::array<char, kScratch> scratch_{};
  std::thread thread_;
};

}  // namespace wssgate::net
