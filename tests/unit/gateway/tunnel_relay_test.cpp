#include "gateway/tunnel_relay.h"

#include <gtest/gtest.h>

#include <array>
#include <optional>

#include "support/socket_pair.h"

namespace wssgate::gateway {
namespace {

/// A relay between two sockets, on a loop of the test's own.
class TunnelRelayTest : public testing::Test, private net::TakesTurns {
 protected:
  TunnelRelayTest() {
    client_.attach(&waiter_);
    upstream_.attach(&waiter_);
    waiter_.give_turns_to(this);
  }

  /// Runs it to its end; nothing when it has not ended within ten seconds.
  void run(Duration half_closed) { run(half_closed, upstream_); }
  void run(Duration half_closed, net::Stream& upstream) {
    relay_.emplace(client_, upstream, waiter_, terms_, half_closed);
    run_on();
  }
  void run_on() {
    waiter_.notify();
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!result_ && std::chrono::steady_clock::now() < give_up) {
      loop_.turn(std::chrono::seconds(1));
    }
  }

  bool take_turn(Result<void> going) override {
    result_ = going ? relay_->turn(scratch_) : going;
    return !result_;
  }
  void abandon() override {}

  net::Loop loop_;
  net::Waiter waiter_{loop_};
  std::pair<net::Fd, net::Fd> client_pair_ = test::socket_pair();
  std::pair<net::Fd, net::Fd> upstream_pair_ = test::socket_pair();
  net::TcpStream client_{loop_, std::move(client_pair_.first), Side::client};
  net::TcpStream upstream_{loop_, std::move(upstream_pair_.first), Side::upstream};
  std::array<char, 1024> scratch_{};
  const config::WebSocketTerms terms_;
  std::optional<TunnelRelay> relay_;
  std::optional<Result<void>> result_;
};

TEST_F(TunnelRelayTest, GivesUpAHalfClosedPair) {
  ::shutdown(client_pair_.second.get(), SHUT_WR);
  run(Duration(20));
  ASSERT_TRUE(result_);
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().reason, Reason::idle);
  EXPECT_EQ(result_->error().side, Side::proxy);
  EXPECT_EQ(relay_->first_to_end(), Side::client);
}

TEST_F(TunnelRelayTest, GivesUpAHalfClosedPairWhoseOtherSideIsBlocked) {
  test::fill(upstream_pair_.second);
  ::shutdown(client_pair_.second.get(), SHUT_WR);
  run(Duration(20));
  ASSERT_TRUE(result_);
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().reason, Reason::stalled);
}

// Talking on is no excuse for taking nothing.
TEST_F(TunnelRelayTest, GivesUpASideThatTalksButTakesNothing) {
  test::fill(client_pair_.second);
  const test::Chatter chatter(loop_, upstream_pair_.second, client_pair_.second);
  run(Duration(50));
  ASSERT_TRUE(result_) << "it was taken for progress";
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().reason, Reason::stalled);
  EXPECT_EQ(result_->error().side, Side::upstream);
}

TEST_F(TunnelRelayTest, GivesUpASideThatTakesNothing) {
  test::fill(client_pair_.second);
  run(Duration(20));
  ASSERT_TRUE(result_);
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().reason, Reason::stalled);
  EXPECT_EQ(result_->error().side, Side::upstream);
}

// A drain that is undone before it has come to this tunnel.
TEST_F(TunnelRelayTest, StaysOpenWhenItsOrderIsWithdrawn) {
  relay_.emplace(client_, upstream_, waiter_, terms_, Duration(3'600'000));
  const auto now = TunnelClock::now();
  relay_->order_close({now, now, Reason::draining, websocket::kServiceRestart});
  relay_->withdraw_order();
  ::shutdown(client_pair_.second.get(), SHUT_WR);
  ::shutdown(upstream_pair_.second.get(), SHUT_WR);
  run_on();
  ASSERT_TRUE(result_);
  EXPECT_TRUE(*result_) << "nobody closed it but its peers";
}

TEST_F(TunnelRelayTest, TellsOfATooLargeMessageThoughItsSenderBreaksOffAtOnce) {
  config::WebSocketTerms terms;
  terms.max_message = 10;
  ::send(client_.socket().fd(), "?", 1, 0);  // unread, so that the sender's close is a reset
  const std::string header("\x82\xfe\x01\x00mask", 8);  // 256 bytes are to come
  ::send(client_pair_.second.get(), header.data(), header.size(), 0);
  client_pair_.second = {};
  relay_.emplace(client_, upstream_, waiter_, terms, Duration(3'600'000));
  ::shutdown(upstream_pair_.second.get(), SHUT_WR);
  run_on();
  ASSERT_TRUE(result_);
  ASSERT_FALSE(*result_);
  EXPECT_TRUE(relay_->closing());
  EXPECT_EQ(relay_->order().reason, Reason::message_too_large);
  std::array<char, 8> told{};
  ASSERT_EQ(::recv(upstream_pair_.second.get(), told.data(), told.size(), 0), 8);
  EXPECT_EQ(told[0], '\x88') << "a Close frame";
}

TEST_F(TunnelRelayTest, EndsWhenBothHaveEnded) {
  ::send(client_pair_.second.get(), "up", 2, 0);
  ::shutdown(client_pair_.second.get(), SHUT_WR);
  ::shutdown(upstream_pair_.second.get(), SHUT_WR);
  run(Duration(3'600'000));
  ASSERT_TRUE(result_);
  EXPECT_TRUE(*result_);
  EXPECT_EQ(relay_->up().bytes(), 2U);
  EXPECT_EQ(relay_->down().bytes(), 0U);
  std::array<char, 8> arrived{};
  EXPECT_EQ(::recv(upstream_pair_.second.get(), arrived.data(), arrived.size(), 0), 2);
  EXPECT_EQ(::recv(upstream_pair_.second.get(), arrived.data(), arrived.size(), 0), 0);
}

// The upstream reads no more, but has said why.
TEST_F(TunnelRelayTest, PassesOnWhatABrokenSideHadSaid) {
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

/// An upstream that takes no more bytes; what it had said has arrived unannounced.
class BrokenStream : public net::Stream {
 public:
  BrokenStream() : Stream(Side::upstream) {}
  void attach(net::Waiter*) override {}
  Result<net::Received> read(std::span<char> into) override {
    if (!looked_) return net::Received{};
    looked_ = false;
    into[0] = '!';
    return net::Received{.bytes = 1};
  }
  void look_again() override { looked_ = true; }
  bool broken() const override { return false; }
  bool peer_ended() const override { return false; }
  bool end_writing() override { return true; }
  void reset() override {}

 protected:
  Result<std::size_t> write(std::string_view) override { return reset_error("broken"); }

 private:
  bool looked_ = false;
};

TEST_F(TunnelRelayTest, PassesOnWhatABrokenSideHadSaidUnannounced) {
  BrokenStream broken;
  ::send(client_pair_.second.get(), "more", 4, 0);
  run(Duration(3'600'000), broken);
  ASSERT_TRUE(result_);
  ASSERT_FALSE(*result_);
  EXPECT_EQ(result_->error().side, Side::upstream);
  std::array<char, 8> arrived{};
  EXPECT_EQ(::recv(client_pair_.second.get(), arrived.data(), arrived.size(), 0), 1);
}

}  // namespace
}  // namespace wssgate::gateway
