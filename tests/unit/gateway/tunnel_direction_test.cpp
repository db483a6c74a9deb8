#include "gateway/tunnel_direction.h"

#include <gtest/gtest.h>

#include <string>

#include "support/websocket.h"

namespace wssgate::gateway {
namespace {

using test::client_frame;
using test::server_frame;

/// Takes everything that is sent, and has what a test puts there to be read.
class MemoryStream : public net::Stream {
 public:
  explicit MemoryStream(Side side) : Stream(side) {}
  void attach(net::Waiter*) override {}
  Result<net::Received> read(std::span<char>) override { return net::Received{}; }
  void look_again() override {}
  bool broken() const override { return false; }
  bool peer_ended() const override { return false; }
  bool end_writing() override { return true; }
  void reset() override {}

  std::string written;

 protected:
  Result<std::size_t> write(std::string_view bytes) override {
    written += bytes;
    return bytes.size();
  }
};

class DirectionTest : public testing::Test {
 protected:
  /// The pong of a client to what the proxy asked it.
  std::string our_pong() {
    MemoryStream upstream(Side::upstream);
    MemoryStream client(Side::client);
    Direction down(upstream, client);
    EXPECT_TRUE(down.ping());
    return client_frame(test::kPong, client.written.substr(2));
  }

  MemoryStream client_{Side::client};
  MemoryStream upstream_{Side::upstream};
  Direction up_{client_, upstream_};
};

TEST_F(DirectionTest, LeavesOutOurPongsWhereverTheStreamIsCut) {
  const std::string before = client_frame(0x01, "begun");
  const std::string after = client_frame(test::kPong, "not ours") + client_frame(0x80, "ended");
  const std::string stream = before + our_pong() + after;
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    MemoryStream upstream(Side::upstream);
    Direction up(client_, upstream);
    up.expect_pongs();
    ASSERT_TRUE(up.pass(stream.substr(0, cut)));
    ASSERT_TRUE(up.pass(stream.substr(cut)));
    ASSERT_EQ(upstream.written, before + after) << cut;
    EXPECT_EQ(up.bytes(), before.size() + after.size());
    EXPECT_EQ(up.frames().messages(), 1U);
  }
}

TEST_F(DirectionTest, PassesSuchPongsWhereNothingWasAsked) {
  const std::string pong = our_pong();
  ASSERT_TRUE(up_.pass(pong));
  EXPECT_EQ(upstream_.written, pong);
}

TEST_F(DirectionTest, PutsAPingBetweenFramesOnly) {
  Direction down(upstream_, client_);
  const std::string frame = server_frame(test::kBinary, "payload");
  ASSERT_TRUE(down.pass(frame.substr(0, 4)));
  ASSERT_TRUE(down.ping());
  EXPECT_FALSE(down.take_pinged());
  EXPECT_EQ(client_.written, frame.substr(0, 4));
  ASSERT_TRUE(down.pass(frame.substr(4) + frame));
  EXPECT_TRUE(down.take_pinged());
  ASSERT_EQ(client_.written.size(), 2 * frame.size() + 10);
  EXPECT_EQ(client_.written.substr(frame.size(), 6), "\x89\x08wssg");
  EXPECT_EQ(client_.written.substr(frame.size() + 10), frame);
}

TEST_F(DirectionTest, LetsNothingFollowAClose) {
  const std::string frame = client_frame(test::kBinary, std::string(300, 'x'));
  ASSERT_TRUE(up_.pass(frame.substr(0, 100)));
  ASSERT_TRUE(up_.close(1012));
  EXPECT_FALSE(up_.told());
  ASSERT_TRUE(up_.pass(frame.substr(100) + frame));
  EXPECT_TRUE(up_.closed());
  EXPECT_EQ(upstream_.written.substr(0, frame.size()), frame);
  EXPECT_EQ(upstream_.written.substr(frame.size(), 1), "\x88");
  const std::size_t size = upstream_.written.size();
  ASSERT_TRUE(up_.pass(client_frame(test::kCloseFrame, test::close_payload(1012))));
  EXPECT_EQ(upstream_.written.size(), size);
  EXPECT_EQ(up_.frames().close_code(), 1012);
  EXPECT_EQ(up_.bytes(), frame.size());
}

TEST_F(DirectionTest, PutsNothingBehindTheCloseOfTheSource) {
  const std::string close = client_frame(test::kCloseFrame, test::close_payload(1000));
  ASSERT_TRUE(up_.pass(close));
  ASSERT_TRUE(up_.ping());
  ASSERT_TRUE(up_.close(1012));
  EXPECT_EQ(upstream_.written, close);
  EXPECT_TRUE(up_.told());
  EXPECT_FALSE(up_.closed());
}

TEST_F(DirectionTest, PutsNothingIntoWhatIsNoWebSocket) {
  ASSERT_TRUE(up_.pass("these are no frames"));
  ASSERT_TRUE(up_.ping());
  ASSERT_TRUE(up_.close(1012));
  ASSERT_TRUE(up_.pass("nor is this"));
  EXPECT_EQ(upstream_.written, "these are no framesnor is this");
  EXPECT_TRUE(up_.cannot_tell());
}

TEST_F(DirectionTest, CutsOffATooLargeMessageInFrontOfItsFrameWhereverTheStreamIsCut) {
  const std::string fits = client_frame(test::kText, std::string(100, 'a'));
  const std::string large = client_frame(test::kBinary, std::string(70'000, 'b'));
  for (std::size_t cut = 0; cut < 40; ++cut) {
    MemoryStream upstream(Side::upstream);
    Direction up(client_, upstream, 100);
    ASSERT_TRUE(up.pass(fits));
    ASSERT_TRUE(up.pass(large.substr(0, cut)));
    ASSERT_TRUE(up.pass(large.substr(cut)));
    EXPECT_TRUE(up.oversized());
    ASSERT_TRUE(up.told()) << cut;
    EXPECT_EQ(upstream.written.substr(0, fits.size()), fits);
    EXPECT_EQ(upstream.written.substr(fits.size(), 1), "\x88");
    EXPECT_LT(upstream.written.size(), fits.size() + 131);
  }
}

}  // namespace
}  // namespace wssgate::gateway
