#include "protocol/websocket/control_frames.h"

#include <gtest/gtest.h>

#include <string>

namespace wssgate::websocket {
namespace {

ByteView as_bytes(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

constexpr MaskKey kKey = {1, 2, 3, 4};

TEST(ControlFrames, AreAsTheStandardWritesThem) {
  EXPECT_EQ(ping_frame("Hello", std::nullopt), "\x89\x05Hello");  // RFC 6455 §5.7
  EXPECT_EQ(ping_frame("\1\2\3\4\5", kKey), std::string("\x89\x85\1\2\3\4\0\0\0\0\4", 11));
  EXPECT_EQ(close_frame(1012, "x", std::nullopt), "\x88\x03\x03\xf4x");
}

TEST(ControlFrames, KnowTheLengthOfAHeader) {
  EXPECT_EQ(header_size({}), 0U);
  EXPECT_EQ(header_size(as_bytes("\x82")), 0U);
  EXPECT_EQ(header_size(as_bytes("\x82\x7d")), 2U);
  EXPECT_EQ(header_size(as_bytes("\x82\x7e")), 4U);
  EXPECT_EQ(header_size(as_bytes("\x82\x7f")), 10U);
  EXPECT_EQ(header_size(as_bytes("\x82\x85")), 6U);
  EXPECT_EQ(header_size(as_bytes("\x82\xff")), kMostHeader);
}

class PongsOf : public testing::TestWithParam<bool> {
 protected:
  /// A pong is a ping with another opcode.
  static std::string pong(const std::string& payload) {
    std::string frame = ping_frame(payload, GetParam() ? std::optional(kKey) : std::nullopt);
    frame[0] = '\x8a';
    return frame;
  }
  static PongMatch match(const std::string& bytes) {
    return match_pong(as_bytes(bytes), "our own", GetParam());
  }
};

TEST_P(PongsOf, AreOursByEveryByte) {
  const std::string ours = pong("our own");
  EXPECT_EQ(pong_size("our own", GetParam()), ours.size());
  EXPECT_EQ(match(ours), PongMatch::whole);
  EXPECT_EQ(match(ours + "more"), PongMatch::whole);
  for (std::size_t size = 0; size < ours.size(); ++size) {
    EXPECT_EQ(match(ours.substr(0, size)), PongMatch::so_far) << size;
    std::string changed = ours;
    changed[size] = static_cast<char>(changed[size] ^ 0x10);
    EXPECT_EQ(match(changed), PongMatch::no) << size;
  }
}

TEST_P(PongsOf, OthersAreNotOurs) {
  EXPECT_EQ(match(pong("our owm")), PongMatch::no);
  EXPECT_EQ(match(pong("our ow")), PongMatch::no);
  EXPECT_EQ(match(pong("")), PongMatch::no);
  EXPECT_EQ(match(ping_frame("our own", GetParam() ? std::optional(kKey) : std::nullopt)),
            PongMatch::no);
}

INSTANTIATE_TEST_SUITE_P(Sides, PongsOf, testing::Bool(),
                         [](const auto& of) { return of.param ? "client" : "upstream"; });

}  // namespace
}  // namespace wssgate::websocket
