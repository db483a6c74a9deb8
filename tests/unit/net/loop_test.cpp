#include "net/loop.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "net/waiter.h"
#include "support/socket_pair.h"

namespace wssgate::net {
namespace {

using Clock = Loop::Clock;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Writes its name whenever it is woken.
class Named final : public Sleeper {
 public:
  Named(Loop& loop, char name, std::string& woken) : Sleeper(loop), name_(name), woken_(woken) {}
  void soon() { wake_soon(); }
  void when_idle() { wake_when_idle(); }
  void at(Clock::time_point time) { wake_at(time); }
  void no_later_than(Clock::time_point time) { wake_no_later_than(time); }

 private:
  void woken() override { woken_ += name_; }

  char name_;
  std::string& woken_;
};

class LoopTest : public testing::Test {
 protected:
  Named& sleeper(char name) {
    sleepers_.push_back(std::make_unique<Named>(loop_, name, woken_));
    return *sleepers_.back();
  }

  Loop loop_;
  std::string woken_;
  std::vector<std::unique_ptr<Named>> sleepers_;
};

TEST_F(LoopTest, WakesInTheOrderOfTheirTimes) {
  const Clock::time_point past = Clock::now() - seconds(1000);
  for (const char name : std::string("dacfbe")) sleeper(name).at(past + seconds(name));
  sleeper('x').at(Clock::now() + hours(1));
  sleeper('y').at(Loop::kNever);
  loop_.poll();
  EXPECT_EQ(woken_, "abcdef");
}

TEST_F(LoopTest, KeepsTheLastTimeThatWasNamed) {
  Named& one = sleeper('1');
  one.at(Clock::now() - seconds(1));
  one.at(Clock::now() + hours(1));
  loop_.poll();
  EXPECT_EQ(woken_, "");
  one.no_later_than(Clock::now() + hours(2));
  one.no_later_than(Clock::now());
  loop_.poll();
  EXPECT_EQ(woken_, "1");
  loop_.poll();
  EXPECT_EQ(woken_, "1") << "once";
}

TEST_F(LoopTest, WakesNobodyWhoHasGone) {
  const Clock::time_point past = Clock::now() - seconds(1);
  for (const char name : std::string("abcde")) {
    Named& each = sleeper(name);
    each.soon();
    each.at(past);
  }
  sleepers_.erase(sleepers_.begin() + 1);
  sleepers_.erase(sleepers_.begin());
  loop_.post([this] { sleepers_.pop_back(); });
  loop_.poll();
  EXPECT_EQ(woken_, "cd");
}

TEST_F(LoopTest, WakesSomeWhenNobodyElseIs) {
  sleeper('i').when_idle();
  for (const char name : std::string("abc")) {
    sleeper(name).soon();
    loop_.turn(hours(1));
  }
  EXPECT_EQ(woken_, "abc");
  loop_.turn(hours(1));
  EXPECT_EQ(woken_, "abci");
}

TEST_F(LoopTest, WakesIdlersAlsoWhenThereIsNoEndOfWork) {
  sleeper('i').when_idle();
  Named& busy = sleeper('b');
  for (int i = 0; i < 100 && woken_.find('i') == std::string::npos; ++i) {
    busy.soon();
    loop_.turn(hours(1));
  }
  EXPECT_NE(woken_.find('i'), std::string::npos);
}

TEST_F(LoopTest, SleepsUntilTheNextTime) {
  const auto begun = Clock::now();
  sleeper('1').at(begun + milliseconds(20));
  while (woken_.empty()) loop_.turn(seconds(10));
  EXPECT_GE(Clock::now() - begun, milliseconds(20));
}

TEST_F(LoopTest, IsWokenByOtherThreads) {
  int done = 0;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) loop_.post([&] { ++done; });
    loop_.post([this] { loop_.stop(); });
  });
  loop_.run();
  other.join();
  EXPECT_EQ(done, 1000);
  EXPECT_TRUE(loop_.stopped());
}

TEST_F(LoopTest, EndsWhenAnotherThreadSaysSo) {
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds(20));
    loop_.stop();
  });
  loop_.run();
  other.join();
}

asio::awaitable<void> wait_and_tell(Waiter& waiter, std::string& told) {
  const auto waited = co_await waiter.wait();
  told += waited ? "news" : reason_label(waited.error().reason);
}

TEST_F(LoopTest, ADeadlineThatIsMovedOnDoesNotEndAWait) {
  Waiter waiter(loop_);
  std::string told;
  waiter.expires_after(Duration(0), Reason::idle, Side::client);
  waiter.expires_after(Duration(20), Reason::idle, Side::client);
  loop_.spawn(wait_and_tell(waiter, told));
  loop_.poll();
  waiter.expires_after(Duration(3'600'000), Reason::idle, Side::client);
  std::this_thread::sleep_for(milliseconds(30));
  loop_.poll();
  EXPECT_EQ(told, "");
  waiter.notify();
  loop_.poll();
  EXPECT_EQ(told, "news");
}

TEST_F(LoopTest, ADeadlineEndsAWait) {
  Waiter waiter(loop_);
  std::string told;
  waiter.expires_after(Duration(10), Reason::idle, Side::client);
  loop_.spawn(wait_and_tell(waiter, told));
  while (told.empty()) loop_.turn(seconds(10));
  EXPECT_EQ(told, reason_label(Reason::idle));
}

using GiveUpTurn = asio::awaitable<Result<void>> (*)(Waiter&);

asio::awaitable<void> tell_in_turns(Waiter& waiter, std::string& told, char name,
                                    GiveUpTurn give_up_turn) {
  for (int i = 0; i < 3; ++i) {
    told += name;
    (void)co_await give_up_turn(waiter);
  }
}

/// What two tell who go on at once, each time they have given up their turn.
std::string told_by_two(Loop& loop, GiveUpTurn give_up_turn) {
  Waiter one(loop);
  Waiter two(loop);
  std::string told;
  loop.spawn(tell_in_turns(one, told, '1', give_up_turn));
  loop.spawn(tell_in_turns(two, told, '2', give_up_turn));
  loop.poll();
  return told;
}

TEST_F(LoopTest, ThoseWhoYieldTakeTurns) {
  EXPECT_EQ(told_by_two(loop_, [](Waiter& waiter) { return waiter.yield(); }), "121212");
}

TEST_F(LoopTest, WhoWakesItselfDoesNotKeepOthersFromTheirTurn) {
  const auto give_up_turn = [](Waiter& waiter) {
    waiter.notify();
    return waiter.wait();
  };
  EXPECT_EQ(told_by_two(loop_, give_up_turn), "121212");
}

TEST_F(LoopTest, WhoComesLateDoesNotKeepOthersFromTheirTurn) {
  const auto give_up_turn = [](Waiter& waiter) {
    waiter.wakes_at(Loop::Clock::now());
    return waiter.wait();
  };
  EXPECT_EQ(told_by_two(loop_, give_up_turn), "121212");
}

// As while a process is being started, which has a copy of each descriptor for a moment.
TEST_F(LoopTest, IsNotToldOfASocketThatHasGoneButIsOpenElsewhere) {
  auto [ours, theirs] = test::socket_pair();
  const Fd copy(::dup(ours.get()));
  std::string told;
  Waiter waiter(loop_);
  loop_.spawn(wait_and_tell(waiter, told));
  {
    TcpStream stream(loop_, std::move(ours), Side::client);
    stream.attach(&waiter);
  }
  ASSERT_EQ(::send(theirs.get(), "late", 4, 0), 4);
  loop_.poll();
  EXPECT_EQ(told, "");
}

/// Says when it goes, from inside a coroutine that holds it.
struct Held {
  explicit Held(bool& held) : gone(held) {}
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { gone = true; }
  bool& gone;
};

asio::awaitable<void> hold_and_sleep(Loop& loop, bool& gone) {
  const Held held(gone);
  Waiter waiter(loop);
  (void)co_await waiter.wait();
}

TEST(LoopEnd, DestroysWhatSleeps) {
  bool gone = false;
  {
    Loop loop;
    loop.spawn(hold_and_sleep(loop, gone));
    loop.poll();
    EXPECT_FALSE(gone);
  }
  EXPECT_TRUE(gone);
}

TEST_F(LoopTest, TellsOfRoomOnlyToThoseWhoWaitForIt) {
  auto [ours, theirs] = test::socket_pair();
  test::fill(ours);
  TcpStream stream(loop_, std::move(ours), Side::client);
  Waiter waiter(loop_);
  stream.attach(&waiter);
  ASSERT_TRUE(stream.send("more"));
  ASSERT_TRUE(stream.pending());
  std::string told;
  loop_.spawn(wait_and_tell(waiter, told));
  loop_.poll();
  EXPECT_EQ(told, "");
  std::string taken(std::size_t{1} << 20U, '\0');
  while (::recv(theirs.get(), taken.data(), taken.size(), MSG_DONTWAIT) > 0) {
  }
  loop_.poll();
  EXPECT_EQ(told, "news");
  const auto flushed = stream.flush();
  ASSERT_TRUE(flushed);
  EXPECT_TRUE(*flushed);
}

}  // namespace
}  // namespace wssgate::net
