#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "net/waiter.h"
#include "net/worker.h"
#include "wssbench/pace.h"
#include "wssbench/recorder.h"
#include "wssbench/scenario.h"
#include "wssbench/target.h"

namespace wssgate::bench {

/// All that a run rests on. Immutable, shared by the threads.
struct Plan {
  Options options;
  Target target;
  Scenario scenario;  ///< mixed alone
};

class LoadThread;

/// One place of the load: it has one connection at a time, and lives in its coroutine's frame.
/// Belongs to its thread.
class Slot {
 public:
  Slot(LoadThread& thread, std::size_t index);
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot();

  LoadThread& thread() { return thread_; }
  const Plan& plan() const;
  Recorder& books();
  /// Over all threads.
  std::size_t index() const { return index_; }
  /// Of a new connection; no two are equal in a run.
  std::uint64_t next_id();
  /// The run has ended: nothing new begins.
  bool over() const;

  /// This slot is where it can wait for the load to begin. Only the first call counts.
  void mark_ready();
  /// Ready, and waits for the warm-up. Error: run_over().
  asio::awaitable<Result<void>> go();
  asio::awaitable<Result<void>> sleep_until(TimePoint time);
  /// When the next piece of work is meant to begin: now in a closed loop. An open loop's time may
  /// have passed. Error: run_over() where that is not before the end.
  Result<TimePoint> take_turn();
  /// As take_turn(), and waits for it.
  asio::awaitable<Result<TimePoint>> turn();
  /// Counts the failure, and waits a while before the next attempt: longer each time.
  asio::awaitable<void> failed(Error error);
  /// A connection came about.
  void worked();

  net::Waiter& waiter() { return waiter_; }
  void set_pace(const Pace& pace) { pace_ = pace; }
  const Pace& pace() const { return pace_; }

 private:
  LoadThread& thread_;
  std::size_t index_;
  net::Waiter waiter_;
  Pace pace_;
  bool ready_ = false;
  unsigned failures_ = 0;
};

/// What a slot does from its start to the end of the run.
using SlotRun = std::function<asio::awaitable<void>(Slot& slot)>;

/// One thread of the load with its slots, connections, TLS sessions and books.
class LoadThread {
 public:
  LoadThread(const Plan& plan, std::size_t index, std::unique_ptr<TlsClient> tls);
  LoadThread(const LoadThread&) = delete;
  LoadThread& operator=(const LoadThread&) = delete;

  // For the thread that leads the run:

  /// Runs slots `index`, `index` + threads … of all.
  void start(std::size_t threads, const SlotRun& run);
  void begin(const Window& window);
  /// The measured time ends sooner.
  void cut(TimePoint end);
  /// Nothing new begins; open work may be finished.
  void end();
  /// What still waits is given up.
  void abort();
  void stop() { worker_.stop(); }
  std::size_t live_slots() const { return live_; }
  std::size_t ready_slots() const { return ready_; }
  std::size_t open_tunnels() const { return tunnels_; }
  std::size_t connects() const { return connects_; }
  /// The thread's CPU time so far.
  std::chrono::duration<double> cpu() const;
  /// Its own, and after stop() anybody's.
  Recorder& books() { return books_; }

  // For its own coroutines:

  net::Worker& worker() { return worker_; }
  const Plan& plan() const { return plan_; }
  TlsClient& tls() { return *tls_; }
  TimePoint started() const { return started_; }
  bool begun() const { return begun_; }
  bool over() const { return over_; }
  std::uint64_t next_id();
  /// Between 0 and 1.
  double chance() { return std::uniform_real_distribution<double>()(random_); }
  std::uint32_t random() { return static_cast<std::uint32_t>(random_()); }
  void slot_is_ready() { ++ready_; }
  void connected() { ++connects_; }
  void tunnel_opened() { ++tunnels_; }
  void tunnel_closed() { --tunnels_; }

  /// Waiters that abort() ends.
  void enlist(net::Waiter& waiter) { waiters_.push_back(&waiter); }
  void discharge(net::Waiter& waiter);

 private:
  friend class Slot;
  asio::awaitable<void> run_slot(std::size_t index, SlotRun run);
  asio::awaitable<void> tick();
  void wake_all();

  const Plan& plan_;
  std::size_t index_;
  std::unique_ptr<TlsClient> tls_;
  Recorder books_;
  std::minstd_rand random_;
  std::vector<Slot*> slots_;
  std::vector<net::Waiter*> waiters_;
  std::uint64_t ids_ = 0;
  TimePoint started_;
  bool begun_ = false;
  bool over_ = false;
  std::atomic<bool> aborted_{false};
  std::atomic<std::size_t> live_{0};
  std::atomic<std::size_t> ready_{0};
  std::atomic<std::size_t> tunnels_{0};
  std::atomic<std::size_t> connects_{0};
  std::atomic<clockid_t> cpu_clock_{0};
  net::Worker worker_;  // the last: what its loop still holds uses all of the above
};

}  // namespace wssgate::bench
