#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "base/histogram.h"
#include "net/asio.h"
#include "net/fd.h"

namespace wssgate::net {

class Sleeper;

/// Takes what the kernel has to tell of a descriptor. It only takes note and wakes somebody: others
/// in the same batch of news have not been told yet, so nothing may be destroyed in it.
class Watched {
 public:
  Watched() = default;
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  virtual ~Watched() = default;

  /// `events`: epoll's bits.
  virtual void on_events(std::uint32_t events) = 0;
};

/// One thread's event loop: tells sockets of their readiness, wakes sleepers, and runs what was
/// posted. Sockets are registered once, edge-triggered, and times are kept here, so that waiting
/// costs no system call but the one that waits; Asio's own reactor takes two or three for each wait
/// (ARCHITECTURE.md has the measurement). Of Asio it needs the coroutines alone.
/// Belongs to one thread, except where it says otherwise; outlives all who use it.
class Loop {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::time_point kNever = Clock::time_point::max();

  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  /// Destroys the coroutines that sleep.
  ~Loop();

  /// Tells `watched` that the descriptor may be read, or has ended, until forget(). Closing does
  /// not end it while another process has the descriptor open too. Throws std::system_error.
  void watch(int fd, Watched& watched);
  /// From now on also that it may be written. Most sockets never have to wait for that.
  void watch_writing(int fd, Watched& watched);
  void forget(int fd);

  /// Runs `task` in this loop's thread, in its next turn. Any thread may call it.
  void post(std::function<void()> task);

  /// Until stop().
  void run();
  /// Ends run(). Any thread may call it.
  void stop();
  bool stopped() const { return stopping_; }
  /// One turn: what the kernel tells within `most`, what has become due, and all who were woken.
  void turn(Clock::duration most);
  /// Turns that wait for nothing, for as long as somebody has been woken.
  void poll();
  /// How long turns took, without their waiting: what is ready meanwhile waits for that long.
  const Histogram& turns() const { return turns_; }

  /// Starts a coroutine; `on_end` takes what it threw, as a std::exception_ptr. In the loop's
  /// thread, or before that runs.
  template <class OnEnd>
  void spawn(asio::awaitable<void> coroutine, OnEnd on_end) {
    asio::co_spawn(context_, std::move(coroutine), std::move(on_end));
    spawned_ = true;
  }
  void spawn(asio::awaitable<void> coroutine) { spawn(std::move(coroutine), asio::detached); }

 private:
  friend class Sleeper;
  /// A sleeper with the time at which it is woken: a node of the heap `times_`.
  struct Alarm {
    Clock::time_point time;
    Sleeper* sleeper = nullptr;
  };
  // How many events one turn takes before timers and new connections have theirs.
  static constexpr int kBatch = 256;
  static constexpr int kMostBusyTurns = 16;

  void control(int what, int fd, std::uint32_t events, Watched* watched);
  void wait(Clock::duration most);
  bool is_busy() const { return !woken_.empty() || spawned_ || has_tasks_ || stopping_; }
  void wake_idlers();
  void act(Clock::time_point now);
  void run_tasks();
  void wake_due(Clock::time_point now);
  Clock::time_point next_alarm() const { return times_.empty() ? kNever : times_.front().time; }
  void wake_thread();

  void set_alarm(Sleeper& sleeper, Clock::time_point time);
  void remove_alarm(Sleeper& sleeper);
  void sift(std::size_t place);
  void put(std::size_t place, Alarm alarm);

  Fd set_;
  Fd wakeup_;  // an eventfd: for post() and stop() of other threads
  std::array<epoll_event, kBatch> events_{};
  int told_ = 0;
  std::vector<Alarm> times_;
  std::vector<Sleeper*> woken_;
  std::vector<Sleeper*> waking_;  // those of this turn
  std::vector<Sleeper*> idlers_;  // who are woken when nobody else is
  Histogram turns_{kTurnSeconds};
  int busy_turns_ = 0;    // since somebody came to be one of these
  bool spawned_ = false;  // somebody who has not begun yet

  std::atomic<bool> stopping_{false};
  std::atomic<bool> sleeping_{false};
  std::atomic<bool> has_tasks_{false};
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
  std::vector<std::function<void()>> doing_;  // those of this turn

  // No locks: it is one thread's alone, tasks of others come by post().
  asio::io_context context_{ASIO_CONCURRENCY_HINT_UNSAFE};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
};

}  // namespace wssgate::net
