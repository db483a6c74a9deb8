#include "protocol/websocket/control_frames.h"

#include "protocol/websocket/frame_format.h"

namespace wssgate::websocket {
namespace {

constexpr std::size_t kShortHeader = 2;

std::string control_frame(std::uint8_t opcode, std::string_view payload,
                          const std::optional<MaskKey>& mask) {
  std::string frame;
  frame.reserve(kShortHeader + sizeof(MaskKey) + payload.size());
  frame += static_cast<char>(kFinal | opcode);
  frame += static_cast<char>((mask ? kMasked : 0U) | payload.size());
  if (!mask) return frame.append(payload);
  frame.append(mask->begin(), mask->end());
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(static_cast<std::uint8_t>(payload[i]) ^ (*mask)[i % mask->size()]);
  }
  return frame;
}

}  // namespace

std::string close_frame(std::uint16_t code, std::string_view reason,
                        const std::optional<MaskKey>& mask) {
  std::string payload = {static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)};
  payload.append(reason);
  return control_frame(kClose, payload, mask);
}

std::string ping_frame(std::string_view payload, const std::optional<MaskKey>& mask) {
  return control_frame(kPing, payload, mask);
}

std::size_t header_size(ByteView bytes) {
  if (bytes.size() < kShortHeader) return 0;
  const std::uint8_t length = bytes[1] & kLengthBits;
  std::size_t size = kShortHeader;
  if (length == kLength16) size += 2;
  if (length == kLength64) size += 8;
  if ((bytes[1] & kMasked) != 0) size += sizeof(MaskKey);
  return size;
}

std::size_t pong_size(std::string_view payload, bool masked) {
  return kShortHeader + (masked ? sizeof(MaskKey) : 0) + payload.size();
}

PongMatch match_pong(ByteView bytes, std::string_view payload, bool masked) {
  const std::size_t whole = pong_size(payload, masked);
  const std::size_t start = whole - payload.size();
  const std::size_t size = bytes.size() < whole ? bytes.size() : whole;
  for (std::size_t i = 0; i < size; ++i) {
    std::uint8_t expected = bytes[i];  // any mask is right
    if (i == 0) expected = kFinal | kPong;
    if (i == 1) expected = static_cast<std::uint8_t>((masked ? kMasked : 0U) | payload.size());
    if (i >= start) {
      expected = static_cast<std::uint8_t>(payload[i - start]);
      if (masked) expected ^= bytes[kShortHeader + (i - start) % sizeof(MaskKey)];
    }
    if (bytes[i] != expected) return PongMatch::no;
  }
  return size == whole ? PongMatch::whole : PongMatch::so_far;
}

}  // namespace wssgate::websocket
