#include "gateway/handshake_turns.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace wssgate::gateway {
namespace {

/// Connections that ask for a turn, on a loop of the test's own; `order_` has those who got it.
class HandshakeTurnsTest : public testing::Test {
 protected:
  void ask(bool resumes) {
    waiters_.push_back(std::make_unique<net::Waiter>(loop_));
    loop_.spawn(take(*this, *waiters_.back(), resumes));
  }

  static asio::awaitable<void> take(HandshakeTurnsTest& self, net::Waiter& waiter, bool resumes) {
    const auto taken = co_await self.turns_.take(waiter, resumes);
    if (taken) self.order_ += resumes ? 'r' : 'f';
  }

  net::Loop loop_;
  HandshakeTurns turns_{loop_};
  std::vector<std::unique_ptr<net::Waiter>> waiters_;
  std::string order_;
};

TEST_F(HandshakeTurnsTest, AreSharedByThoseWhoResumeAndTheOthers) {
  for (int i = 0; i < 5; ++i) ask(false);  // one of them has the first turn
  for (int i = 0; i < 6; ++i) ask(true);
  loop_.poll();
  EXPECT_EQ(order_, "frfrfrfrfrr");
}

TEST_F(HandshakeTurnsTest, HaveOneHandshakeEach) {
  std::string turns;
  loop_.post([&] {  // in a turn, as connections do
    for (int i = 0; i < 3; ++i) ask(false);
  });
  for (int i = 0; i < 3; ++i) {
    loop_.turn({});
    turns += std::to_string(order_.size());
  }
  EXPECT_EQ(turns, "123");
}

TEST_F(HandshakeTurnsTest, AreGivenBackByWhoeverHasGone) {
  for (int i = 0; i < 10; ++i) ask(false);  // the ninth waits for the ninth turn
  loop_.post([&] { waiters_[8]->abort(Reason::client_reset, Side::client); });
  loop_.poll();
  EXPECT_EQ(order_, "fffffffff");
}

}  // namespace
}  // namespace wssgate::gateway
