#include "protocol/websocket/frame_reader.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace wssgate::websocket {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::uint8_t kFin = 0x80;
enum Opcode : std::uint8_t { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// A frame with the shortest header that holds its length.
Bytes frame(bool masked, std::uint8_t first, const Bytes& payload) {
  Bytes out = {first};
  const std::uint8_t mask_bit = masked ? 0x80 : 0;
  const std::size_t length = payload.size();
  const auto put = [&](int bytes) {
    for (int i = bytes - 1; i >= 0; --i) {
      out.push_back(static_cast<std::uint8_t>(std::uint64_t{length} >> (8U * unsigned(i))));
    }
  };
  if (length < 126) {
    out.push_back(static_cast<std::uint8_t>(mask_bit | length));
  } else if (length < 65'536) {
    out.push_back(mask_bit | 126U);
    put(2);
  } else {
    out.push_back(mask_bit | 127U);
    put(8);
  }
  const Bytes key = {0xa1, 0x5c, 0x07, 0xff};
  if (masked) out.insert(out.end(), key.begin(), key.end());
  for (std::size_t i = 0; i < length; ++i) {
    out.push_back(masked ? payload[i] ^ key[i % 4] : payload[i]);
  }
  return out;
}

Bytes join(const std::vector<Bytes>& frames) {
  Bytes out;
  for (const Bytes& one : frames) out.insert(out.end(), one.begin(), one.end());
  return out;
}

struct State {
  std::uint64_t messages;
  bool at_boundary;
  std::optional<std::uint16_t> close_code;
  bool lost;
  bool operator==(const State&) const = default;
};

State state_of(const FrameReader& reader) {
  return {reader.messages(), reader.at_boundary(), reader.close_code(), reader.lost()};
}

State after(bool masked, const Bytes& bytes) {
  FrameReader reader(masked);
  reader.follow(bytes);
  return state_of(reader);
}

class BothWays : public ::testing::TestWithParam<bool> {
 protected:
  Bytes made(std::uint8_t first, const Bytes& payload = {}) const {
    return frame(GetParam(), first, payload);
  }
  State seen(const std::vector<Bytes>& frames) const { return after(GetParam(), join(frames)); }
};
INSTANTIATE_TEST_SUITE_P(FrameReader, BothWays, ::testing::Bool(),
                         [](const auto& of) { return of.param ? "masked" : "unmasked"; });

TEST_P(BothWays, CountsMessagesNotFrames) {
  EXPECT_EQ(seen({}), (State{0, true, {}, false}));
  EXPECT_EQ(seen({made(kFin | text, {'h', 'i'}), made(kFin | binary)}),
            (State{2, true, {}, false}));
  EXPECT_EQ(seen({made(text, {'a'}), made(kFin | ping, {'?'}), made(more), made(kFin | pong),
                  made(kFin | more, {'b'}), made(kFin | text)}),
            (State{2, true, {}, false}));
}

TEST_P(BothWays, PassesPayloadsOfEveryLengthEncoding) {
  for (const std::size_t length : {0, 1, 125, 126, 127, 65'535, 65'536, 70'000}) {
    // A payload of 0xff reads as a broken frame wherever the length is misread.
    const Bytes one = made(kFin | binary, Bytes(length, 0xff));
    EXPECT_EQ(seen({one, made(kFin | text)}), (State{2, true, {}, false})) << length;
    Bytes cut = one;
    cut.pop_back();
    EXPECT_FALSE(seen({cut}).at_boundary) << length;
  }
}

TEST_P(BothWays, EverySplitGivesTheSame) {
  const Bytes stream =
      join({made(text, Bytes(3, 'a')), made(kFin | ping, {1, 2, 3}), made(more, Bytes(200, 'b')),
            made(kFin | more), made(0xc0 | binary, Bytes(66'000, 'c')),
            made(kFin | close, {0x03, 0xf0, 'b', 'y', 'e'})});
  const State whole = after(GetParam(), stream);
  EXPECT_EQ(whole, (State{2, true, 1008, false}));
  FrameReader bytewise(GetParam());
  for (std::size_t at = 0; at < stream.size(); ++at) {
    bytewise.follow(ByteView(stream).subspan(at, 1));
    if (at % 997 != 0 && at > 700 && at + 700 < stream.size()) continue;
    FrameReader split(GetParam());
    split.follow(ByteView(stream).first(at + 1));
    ASSERT_EQ(state_of(split), state_of(bytewise)) << at;
    split.follow(ByteView(stream).subspan(at + 1));
    ASSERT_EQ(state_of(split), whole) << at;
  }
}

TEST_P(BothWays, BoundaryIsOnlyBetweenFrames) {
  const std::vector<Bytes> frames = {made(text, Bytes(130, 'x')), made(kFin | ping),
                                     made(kFin | more, {'y'})};
  FrameReader reader(GetParam());
  for (const Bytes& one : frames) {
    for (const std::uint8_t& byte : one) {
      EXPECT_EQ(reader.at_boundary(), &byte == &one.front());
      reader.follow(ByteView(&byte, 1));
    }
  }
  EXPECT_TRUE(reader.at_boundary());
}

TEST_P(BothWays, CloseCodeIsReadOnceTheFrameHasPassed) {
  EXPECT_EQ(seen({made(kFin | close)}).close_code, 1005);
  EXPECT_EQ(seen({made(kFin | close, {0x03})}).close_code, 1005);
  EXPECT_EQ(seen({made(kFin | close, {0x03, 0xe8})}).close_code, 1000);
  Bytes longest(125, 'r');
  longest[0] = 0x0f;
  longest[1] = 0xa1;
  Bytes closing = made(kFin | close, longest);
  EXPECT_EQ(seen({closing}), (State{0, true, 4001, false}));
  closing.pop_back();
  EXPECT_EQ(seen({closing}), (State{0, false, {}, false}));
}

TEST_P(BothWays, FirstCloseCodeStays) {
  EXPECT_EQ(seen({made(kFin | close, {0x03, 0xe8}), made(kFin | close, {0x03, 0xe9})}).close_code,
            1000);
  EXPECT_EQ(seen({made(kFin | close), made(kFin | close, {0x03, 0xe9})}).close_code, 1005);
}

TEST_P(BothWays, ReservedBitsBelongToExtensions) {
  EXPECT_EQ(seen({made(0xf0 | text, {1, 2}), made(kFin | text)}), (State{2, true, {}, false}));
}

TEST_P(BothWays, InvalidHeadersLoseTheStream) {
  const std::uint8_t mask_bit = GetParam() ? 0x80 : 0;
  const auto masked = [&](std::uint8_t length) { return std::uint8_t(mask_bit | length); };
  const struct {
    const char* what;
    Bytes header;
  } cases[] = {
      {"reserved data opcode", {kFin | 3}},
      {"last reserved data opcode", {kFin | 7}},
      {"reserved control opcode", {kFin | 0xb}},
      {"last reserved control opcode", {kFin | 0xf}},
      {"fragmented ping", {ping}},
      {"fragmented close", {close}},
      {"ping over 125 bytes", {kFin | ping, masked(126)}},
      {"close with a 64 bit length", {kFin | close, masked(127)}},
      {"64 bit length with the top bit", {kFin | binary, masked(127), 0x80}},
      {"masked against its direction", {kFin | text, std::uint8_t(masked(1) ^ 0x80)}},
      {"continuation of nothing", {kFin | more}},
  };
  for (const auto& [what, header] : cases) {
    const Bytes before = made(kFin | text, {'a'});
    const State lost = seen({before, header});
    EXPECT_TRUE(lost.lost) << what;
    EXPECT_FALSE(lost.at_boundary) << what;
    EXPECT_FALSE(lost.close_code) << what;
    // Nothing is followed any more.
    EXPECT_EQ(seen({before, header, made(kFin | text), made(kFin | close)}), lost) << what;
    const Bytes short_of(header.begin(), header.end() - 1);
    EXPECT_FALSE(seen({before, short_of}).lost) << what;
  }
  EXPECT_TRUE(seen({made(text), made(kFin | text)}).lost);  // a message inside a message
}

TEST_P(BothWays, LargestLengthIsFollowed) {
  Bytes header = {kFin | binary, std::uint8_t(GetParam() ? 0xff : 0x7f), 0x7f};
  header.resize(2 + 8, 0xff);
  if (GetParam()) header.resize(2 + 8 + 4, 0);
  EXPECT_EQ(seen({header, Bytes(1000, 0xff)}), (State{1, false, {}, false}));
}

}  // namespace
}  // namespace wssgate::websocket
