#include "protocol/websocket/frame_reader.h"

#include <algorithm>
#include <limits>

#include "protocol/websocket/frame_format.h"

namespace wssgate::websocket {
namespace {

constexpr std::uint16_t kNoStatus = 1005;  // §7.4.1

constexpr std::uint64_t kMostMessage = std::numeric_limits<std::uint64_t>::max();

bool is_control(std::uint8_t opcode) { return opcode >= kClose; }

bool is_known(std::uint8_t opcode) {
  return opcode <= kBinary || (opcode >= kClose && opcode <= kPong);
}

}  // namespace

std::optional<std::uint16_t> FrameReader::close_code() const {
  if (!closed_) return std::nullopt;
  return close_bytes_ == 2 ? close_code_ : kNoStatus;
}

void FrameReader::follow(ByteView bytes) {
  while (!bytes.empty()) bytes = bytes.subspan(follow_frame(bytes));
}

std::size_t FrameReader::follow_frame(ByteView bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !lost_) {
    if (part_ == Part::payload) {
      taken += pass_payload(bytes.subspan(taken));
    } else {
      read_header(bytes[taken++]);
    }
    if (part_ == Part::opcode) return taken;
  }
  return bytes.size();
}

void FrameReader::read_header(std::uint8_t byte) {
  switch (part_) {
    case Part::opcode:
      return read_opcode(byte);
    case Part::length:
      return read_length(byte);
    case Part::long_length:
      return read_long_length(byte);
    case Part::mask:
    case Part::payload:
      return read_mask(byte);
  }
}

void FrameReader::read_opcode(std::uint8_t byte) {
  const bool final = (byte & kFinal) != 0;
  opcode_ = byte & kOpcodeBits;
  part_ = Part::length;
  if (is_control(opcode_)) {
    lost_ = !is_known(opcode_) || !final;
    return;
  }
  // A message's first frame says text or binary, all others continue it (§5.4).
  lost_ = !is_known(opcode_) || (opcode_ == kContinuation) != fragmented_;
  fragmented_ = !final;
  if (lost_ || opcode_ == kContinuation) return;
  ++messages_;
  message_size_ = 0;
}

void FrameReader::read_length(std::uint8_t byte) {
  const std::uint8_t length = byte & kLengthBits;
  if (((byte & kMasked) != 0) != masked_ || (is_control(opcode_) && length >= kLength16)) {
    lost_ = true;
    return;
  }
  if (length < kLength16) {
    left_ = length;
    after_length();
    return;
  }
  left_ = 0;
  header_left_ = length == kLength64 ? 8 : 2;
  part_ = Part::long_length;
}

void FrameReader::read_long_length(std::uint8_t byte) {
  if (header_left_ == 8 && (byte & 0x80U) != 0) {
    lost_ = true;
    return;
  }
  left_ = (left_ << 8U) | byte;
  if (--header_left_ == 0) after_length();
}

void FrameReader::after_length() {
  if (!is_control(opcode_)) message_size_ += std::min(left_, kMostMessage - message_size_);
  if (!masked_) {
    begin_payload();
    return;
  }
  header_left_ = 4;
  part_ = Part::mask;
}

void FrameReader::read_mask(std::uint8_t byte) {
  if (header_left_ > 2) mask_[4 - header_left_] = byte;
  if (--header_left_ == 0) begin_payload();
}

void FrameReader::begin_payload() {
  part_ = Part::payload;
  if (left_ == 0) end_frame();
}

std::size_t FrameReader::pass_payload(ByteView bytes) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  if (opcode_ == kClose && !closed_) {
    for (const std::uint8_t byte : bytes.first(count)) read_close_code(byte);
  }
  left_ -= count;
  if (left_ == 0) end_frame();
  return count;
}

void FrameReader::read_close_code(std::uint8_t byte) {
  if (close_bytes_ == 2) return;
  close_code_ = static_cast<std::uint16_t>((close_code_ << 8U) | (byte ^ mask_[close_bytes_]));
  ++close_bytes_;
}

void FrameReader::end_frame() {
  part_ = Part::opcode;
  if (opcode_ == kClose) closed_ = true;
}

}  // namespace wssgate::websocket
