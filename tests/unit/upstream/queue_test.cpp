#include "upstream/queue.h"

#include <gtest/gtest.h>

#include <optional>

#include "upstream/lease.h"

namespace wssgate::upstream {
namespace {

asio::awaitable<void> sleep_on(net::Waiter& waiter, bool& woke) {
  const auto waited = co_await waiter.wait();
  woke = waited.ok();
}

class QueueTest : public testing::Test {
 protected:
  Queue::Place join(net::Waiter& waiter) { return Queue::join(queue_, nullptr, 2, loop_, waiter); }
  /// Whether the waiter has been notified since the last time.
  bool is_told(net::Waiter& waiter) {
    loop_.poll();
    bool woke = false;
    loop_.spawn(sleep_on(waiter, woke));
    loop_.poll();
    const bool told = woke;
    if (!told) waiter.notify();  // so that the coroutine ends
    loop_.poll();
    return told;
  }

  net::Loop loop_;
  std::shared_ptr<Queue> queue_ = std::make_shared<Queue>();
  net::Waiter first_{loop_};
  net::Waiter second_{loop_};
};

TEST_F(QueueTest, HasALimit) {
  const auto a = join(first_);
  {
    const auto b = join(second_);
    EXPECT_TRUE(a && b);
    EXPECT_FALSE(join(second_));
    EXPECT_EQ(queue_->waiting(), 2U);
  }
  EXPECT_EQ(queue_->waiting(), 1U);
  EXPECT_TRUE(join(second_));
}

TEST_F(QueueTest, IsFirstComeFirstServed) {
  std::optional<Queue::Place> a(join(first_));
  const auto b = join(second_);
  EXPECT_TRUE(a->is_in_front());
  EXPECT_FALSE(b.is_in_front());
  EXPECT_FALSE(is_told(second_));
  a.reset();
  EXPECT_TRUE(b.is_in_front());
  EXPECT_TRUE(is_told(second_)) << "it is its turn to try";
}

TEST_F(QueueTest, ALeaseThatEndsMakesRoomForTheNext) {
  const auto waits = join(first_);
  const Member member{.endpoint = std::make_shared<Endpoint>(SocketAddress(), "a"),
                      .weight = 1,
                      .backup = false,
                      .max_connections = 1};
  Lease lease = Lease::take(member, queue_);
  EXPECT_TRUE(lease);
  EXPECT_FALSE(Lease::take(member, queue_));
  EXPECT_EQ(member.endpoint->connections, 1U);
  Lease moved = std::move(lease);
  lease.release();
  EXPECT_EQ(member.endpoint->connections, 1U) << "it has been moved on";
  EXPECT_FALSE(is_told(first_));
  moved = Lease();
  EXPECT_EQ(member.endpoint->connections, 0U);
  EXPECT_TRUE(is_told(first_));
  EXPECT_TRUE(Lease::take(member, queue_));
}

}  // namespace
}  // namespace wssgate::upstream
