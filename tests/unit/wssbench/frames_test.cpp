#include "wssbench/frames.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wssbench/echo_message.h"
#include "wssbench/failure.h"

namespace wssgate::bench {
namespace {

const MaskKey kMask = {0x12, 0x34, 0x56, 0x78};

/// All payload that comes out, however the bytes are cut; the last piece is at the back.
std::string decode(std::string_view bytes, std::size_t cut, bool masked,
                   std::vector<Piece>& pieces) {
  FrameDecoder decoder(masked);
  std::string payload;
  while (!bytes.empty()) {
    std::string_view some = bytes.substr(0, cut);
    bytes.remove_prefix(some.size());
    for (;;) {
      auto piece = decoder.next(some);
      if (!piece) return piece.error().context;
      if (!*piece) break;
      std::string part((*piece)->payload);
      if (masked) apply_mask(part.data(), part.size(), decoder.mask(), decoder.position());
      payload += part;
      pieces.push_back(**piece);
    }
  }
  return payload;
}

TEST(BenchFrames, ComeBackHoweverTheyAreCut) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 65'535U, 65'536U, 100'001U}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) text += static_cast<char>(i * 7);
    for (const bool masked : {false, true}) {
      const auto mask = masked ? std::optional<MaskKey>(kMask) : std::nullopt;
      for (const std::size_t cut : {1U, 3U, 4096U, 1'000'000U}) {
        std::vector<Piece> pieces;
        EXPECT_EQ(decode(frame(Opcode::binary, text, mask), cut, masked, pieces), text);
        EXPECT_TRUE(pieces.front().begins_frame);
        EXPECT_TRUE(pieces.back().ends_message());
      }
    }
  }
}

TEST(BenchFrames, WhatBreaksTheRulesIsRefused) {
  std::vector<Piece> none;
  EXPECT_EQ(decode("\x82\x81", 9, false, none), "a masked frame");
  EXPECT_EQ(decode("\xc2\x01", 9, false, none), "a frame with reserved bits");
  EXPECT_EQ(decode("\x83\x01", 9, false, none), "a frame of unknown opcode 3");
  EXPECT_EQ(decode(std::string_view("\x80\x00", 2), 9, false, none),
            "a continuation of no message");
  EXPECT_EQ(decode("\x09\x01", 9, false, none), "a control frame that is fragmented or too long");
}

/// What EchoMessage makes of the payload of these frames.
std::string echo(EchoMessage& message, std::string_view payload) {
  Piece piece;
  piece.begins_frame = piece.ends_frame = piece.final = true;
  piece.payload = payload;
  const auto taken = message.take(piece);
  return taken ? "" : label_of(taken.error());
}

std::string payload_of(std::string_view sent) {
  std::vector<Piece> pieces;
  return decode(sent, sent.size(), true, pieces);
}

TEST(BenchEcho, TheSameBytesAreRight) {
  EchoMessage message(5, 128, false, "", kMask);
  const std::string first = payload_of(message.next());
  EXPECT_EQ(first.size(), 128U);
  EXPECT_FALSE(message.returned());
  EXPECT_EQ(echo(message, first), "");
  EXPECT_TRUE(message.returned());
  EXPECT_NE(payload_of(message.next()), first);
}

TEST(BenchEcho, AnotherMessageOfItsKindIsNoticed) {
  EchoMessage message(5, 128, false, "", kMask);
  EchoMessage other(6, 128, false, "", kMask);
  message.next();
  EXPECT_EQ(echo(message, payload_of(other.next())), "wrong bytes: another message's");
}

TEST(BenchEcho, ChangedMissingAndUnaskedBytesAreNoticed) {
  EchoMessage message(5, 128, false, "", kMask);
  std::string sent = payload_of(message.next());
  EXPECT_EQ(echo(message, sent + "x"), "wrong bytes: too many");
  EXPECT_EQ(echo(message, std::string_view(sent).substr(1)), "wrong bytes");
  EXPECT_EQ(echo(message, std::string_view(sent).substr(0, 100)), "wrong bytes: too few");
  sent = payload_of(message.next());
  std::string changed = sent;
  changed.back() ^= 1;
  EXPECT_EQ(echo(message, changed), "wrong bytes");
  EXPECT_EQ(echo(message, sent), "");
  EXPECT_EQ(echo(message, sent), "a message that was not asked for");
}

TEST(BenchEcho, AServersPrefixIsExpected) {
  EchoMessage message(5, 3, true, "you said: ", kMask);
  const std::string sent = payload_of(message.next());
  EXPECT_EQ(echo(message, "you said: " + sent), "");
}

}  // namespace
}  // namespace wssgate::bench
