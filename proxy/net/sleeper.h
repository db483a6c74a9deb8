#pragma once

#include "net/loop.h"

namespace wssgate::net {

/// Somebody whom a loop wakes: soon, or at a time. Belongs to the loop's thread.
class Sleeper {
 public:
  explicit Sleeper(Loop& loop) : loop_(loop) {}
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  virtual ~Sleeper();

 protected:
  /// woken() is called when all who were woken before have had their turn.
  void wake_soon();
  /// woken() is called when the loop has nothing else to do, or after some turns all the same.
  void wake_when_idle();
  /// woken() is called at this time, instead of at the one that was named before.
  void wake_at(Loop::Clock::time_point time) { loop_.set_alarm(*this, time); }
  /// The same, unless an earlier time has been named: it may be woken too early then.
  void wake_no_later_than(Loop::Clock::time_point time);

  Loop& loop() { return loop_; }

 private:
  friend class Loop;

  virtual void woken() = 0;
  /// The loop ends: nobody will be woken any more.
  virtual void abandon() {}

  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};

  Loop& loop_;
  std::uint32_t place_ = kNowhere;  // in the loop's heap of times
  bool awake_ = false;              // woken() is about to be called
  bool idles_ = false;              // it will be when the loop is idle
};

}  // namespace wssgate::net
