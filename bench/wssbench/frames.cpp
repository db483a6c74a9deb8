#include "wssbench/frames.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace wssgate::bench {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcode = 0x0f;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength = 0x7f;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;
constexpr std::uint64_t kMostControl = 125;

bool is_known(std::uint8_t opcode) { return opcode <= 0x2 || (opcode >= 0x8 && opcode <= 0xa); }

Error malformed(std::string what) {
  return {Reason::malformed_response, Side::upstream, std::move(what)};
}

}  // namespace

void append_frame_header(std::string& out, Opcode opcode, std::uint64_t length,
                         const std::optional<MaskKey>& mask) {
  const std::uint8_t masked = mask ? kMasked : 0;
  out += static_cast<char>(kFinal | static_cast<std::uint8_t>(opcode));
  int length_bytes = 0;
  if (length <= kMostControl) {
    out += static_cast<char>(masked | length);
  } else if (length <= 0xffff) {
    out += static_cast<char>(masked | kLength16);
    length_bytes = 2;
  } else {
    out += static_cast<char>(masked | kLength64);
    length_bytes = 8;
  }
  while (length_bytes-- > 0) out += static_cast<char>(length >> (8U * unsigned(length_bytes)));
  if (mask) out.append(mask->begin(), mask->end());
}

void apply_mask(char* bytes, std::size_t count, const MaskKey& mask, std::size_t offset) {
  std::array<std::uint8_t, 8> key{};
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = mask[(offset + i) % mask.size()];
  std::uint64_t wide = 0;
  std::memcpy(&wide, key.data(), sizeof wide);
  std::size_t at = 0;
  for (; at + sizeof wide <= count; at += sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + at, sizeof word);
    word ^= wide;
    std::memcpy(bytes + at, &word, sizeof word);
  }
  for (; at < count; ++at) {
    bytes[at] = static_cast<char>(static_cast<std::uint8_t>(bytes[at]) ^ key[at % key.size()]);
  }
}

std::string frame(Opcode opcode, std::string_view payload, const std::optional<MaskKey>& mask) {
  std::string out;
  append_frame_header(out, opcode, payload.size(), mask);
  const std::size_t header = out.size();
  out += payload;
  if (mask) apply_mask(out.data() + header, payload.size(), *mask);
  return out;
}

std::string close_payload(std::uint16_t code) {
  return {static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)};
}

std::size_t FrameDecoder::wanted_header() const {
  const std::size_t told = websocket::header_size({header_.data(), header_size_});
  return told == 0 ? 2 : told;
}

Result<void> FrameDecoder::check_header() const {
  const std::uint8_t opcode = header_[0] & kOpcode;
  const bool control = opcode >= 0x8;
  if ((header_[0] & kReserved) != 0) return malformed("a frame with reserved bits");
  if (!is_known(opcode)) return malformed(fmt::format("a frame of unknown opcode {}", opcode));
  if (((header_[1] & kMasked) != 0) != masked_) {
    return malformed(masked_ ? "a frame without a mask" : "a masked frame");
  }
  if (control && ((header_[0] & kFinal) == 0 || (header_[1] & kLength) > kMostControl)) {
    return malformed("a control frame that is fragmented or too long");
  }
  if (!control && (opcode == 0) != fragmented_) {
    return malformed(fragmented_ ? "a new message within a fragmented one"
                                 : "a continuation of no message");
  }
  return {};
}

Result<bool> FrameDecoder::read_header(std::string_view& bytes) {
  while (header_size_ < wanted_header()) {
    const std::size_t count = std::min(wanted_header() - header_size_, bytes.size());
    if (count == 0) return false;
    std::memcpy(header_.data() + header_size_, bytes.data(), count);
    header_size_ = static_cast<std::uint8_t>(header_size_ + count);
    bytes.remove_prefix(count);
    if (header_size_ == 2) {
      if (auto good = check_header(); !good) return std::move(good).error();
    }
  }
  begin_frame();
  return true;
}

void FrameDecoder::begin_frame() {
  const std::uint8_t short_length = header_[1] & kLength;
  std::size_t at = 2;
  const std::size_t length_bytes =
      short_length == kLength64 ? 8 : (short_length == kLength16 ? 2 : 0);
  length_ = length_bytes == 0 ? short_length : 0;
  for (; at < 2 + length_bytes; ++at) length_ = (length_ << 8U) | header_[at];
  if (masked_) std::memcpy(mask_.data(), header_.data() + at, mask_.size());
  header_size_ = 0;
  in_frame_ = begins_ = true;
  left_ = length_;
}

Result<std::optional<Piece>> FrameDecoder::next(std::string_view& bytes) {
  if (!in_frame_) {
    auto whole = read_header(bytes);
    if (!whole) return std::move(whole).error();
    if (!*whole) return std::optional<Piece>();
  }
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  if (count == 0 && left_ > 0) return std::optional<Piece>();
  Piece piece;
  piece.opcode = static_cast<Opcode>(header_[0] & kOpcode);
  piece.final = (header_[0] & kFinal) != 0;
  piece.begins_frame = begins_;
  piece.frame_length = length_;
  piece.payload = bytes.substr(0, count);
  position_ = length_ - left_;
  bytes.remove_prefix(count);
  left_ -= count;
  piece.ends_frame = left_ == 0;
  begins_ = false;
  in_frame_ = left_ > 0;
  if (piece.begins_frame && !piece.is_control()) fragmented_ = !piece.final;
  return std::optional<Piece>(piece);
}

}  // namespace wssgate::bench
