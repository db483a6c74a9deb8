#include "net/byte_relay.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "net/tcp_stream.h"
#include "support/socket_pair.h"

namespace wssgate::net {
namespace {

/// A relay between two sockets, on a loop of the test's own.
class ByteRelayTest : public testing::Test {
 protected:
  ByteRelayTest() {
    client_.attach(&waiter_);
    upstream_.attach(&waiter_);
  }

  /// Runs it to its end; nothing when it has not ended within ten seconds.
  void run(Duration patience) {
    const ByteRelay::Sums sums{.from_client = &sum_};
    relay_.emplace(client_, upstream_, waiter_, scratch_, patience, sums);
    loop_.spawn(run_it(*this));
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!result_ && std::chrono::steady_clock::now() < give_up) {
      loop_.turn(std::chrono::seconds(1));
    }
  }

  static asio::awaitable<void> run_it(ByteRelayTest& self) {
    auto ended = co_await self.relay_->run();
    self.result_ = std::move(ended);
  }

  Loop loop_;
  Waiter waiter_{loop_};
  std::pair<Fd, Fd> client_pair_ = test::socket_pair();
  std::pair<Fd, Fd> upstream_pair_ = test::socket_pair();
  TcpStream client_{loop_, std::move(client_pair_.first), Side::client};
  TcpStream upstream_{loop_, std::move(upstream_pair_.first), Side::upstream};
  std::array<char, 1024> scratch_{};
  std::uint64_t sum_ = 40;
  std::optional<ByteRelay> relay_;
  std::optional<Result<void>> result_;
};

TEST_F(ByteRelayTest, EndsWhenBothHaveEnded) {
  ::send(client_pair_.second.get(), "up", 2, 0);
  ::shutdown(client_pair_.second.get(), SHUT_WR);
  ::shutdown(upstream_pair_.second.get(), SHUT_WR);
  run(Duration(3'600'000));
  ASSERT_TRUE(result_);
  EXPECT_TRUE(*result_);
  EXPECT_EQ(relay_->from(Side::client).bytes(), 2U);
  EXPECT_EQ(sum_, 42U);
  EXPECT_EQ(relay_->from(Side::upstream).bytes(), 0U);
  std::array<char, 8> arrived{};
  EXPECT_EQ(::recv(upstream_pair_.second.get(), arrived.data(), arrived.size(), 0), 2);
  EXPECT_EQ(::recv(upstream_pair_.second.get(), arrived.data(), arrived.size(), 0), 0);
}

TEST_F(ByteRelayTest, GivesUpAHalfClosedPair) {
  ::shutdown(client_pair_.second.get(), SHUT_WR);
  run(Duration(20));
  ASSERT_TRUE(result_);
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().reason, Reason::idle);
  EXPECT_EQ(result_->error().side, Side::proxy);
  EXPECT_EQ(relay_->first_to_end(), Side::client);
}

// Talking on is no excuse for taking nothing.
TEST_F(ByteRelayTest, GivesUpASideThatTalksButTakesNothing) {
  test::fill(client_pair_.second);
  const test::Chatter chatter(loop_, upstream_pair_.second, client_pair_.second);
  run(Duration(50));
  ASSERT_TRUE(result_) << "it was taken for progress";
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().reason, Reason::stalled);
  EXPECT_EQ(result_->error().side, Side::upstream);
}

TEST_F(ByteRelayTest, GivesUpASideThatTakesNothing) {
  test::fill(client_pair_.second);
  run(Duration(20));
  ASSERT_TRUE(result_);
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().reason, Reason::stalled);
  EXPECT_EQ(result_->error().side, Side::upstream);
}

// The upstream reads no more, but has said why.
TEST_F(ByteRelayTest, PassesOnWhatABrokenSideHadSaid) {
  ::send(client_pair_.second.get(), "more", 4, 0);
  ::send(upstream_pair_.second.get(), "enough", 6, 0);
  ::shutdown(upstream_pair_.second.get(), SHUT_RD);  // sending to it fails
  run(Duration(3'600'000));
  ASSERT_TRUE(result_);
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().side, Side::upstream);
  std::array<char, 8> arrived{};
  EXPECT_EQ(::recv(client_pair_.second.get(), arrived.data(), arrived.size(), 0), 6);
}

}  // namespace
}  // namespace wssgate::net
