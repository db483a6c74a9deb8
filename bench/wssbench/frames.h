#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/websocket/control_frames.h"

/// WebSocket frames (RFC 6455 §5.2) as an endpoint has them.
namespace wssgate::bench {

enum class Opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

using websocket::MaskKey;

/// Appends the header of a frame that is a whole message; a client's has a mask, a server's none.
void append_frame_header(std::string& out, Opcode opcode, std::uint64_t length,
                         const std::optional<MaskKey>& mask);
/// XORs bytes that begin `offset` bytes into the payload (§5.3). Its own inverse.
void apply_mask(char* bytes, std::size_t count, const MaskKey& mask, std::size_t offset = 0);
std::string frame(Opcode opcode, std::string_view payload, const std::optional<MaskKey>& mask);
std::string close_payload(std::uint16_t code);

/// A run of payload bytes of one frame, as they came.
struct Piece {
  Opcode opcode = Opcode::binary;
  bool begins_frame = false;
  bool ends_frame = false;
  /// Of the frame: no continuation follows.
  bool final = false;
  /// Of the whole frame's payload.
  std::uint64_t frame_length = 0;
  std::string_view payload;

  bool is_control() const { return opcode >= Opcode::close; }
  bool ends_message() const { return ends_frame && final && !is_control(); }
};

/// Takes a stream of frames apart without holding payloads.
class FrameDecoder {
 public:
  /// `masked`: it is a client that sends them. Pieces are unmasked by the caller, with mask().
  explicit FrameDecoder(bool masked) : masked_(masked) {}

  /// The next piece of `bytes`, which loses what was taken. Nothing: more bytes are needed.
  /// Error: malformed_response, context says what.
  Result<std::optional<Piece>> next(std::string_view& bytes);

  /// Of the frame that the last piece belongs to.
  const MaskKey& mask() const { return mask_; }
  /// Where in its frame the last piece began.
  std::uint64_t position() const { return position_; }

 private:
  Result<bool> read_header(std::string_view& bytes);
  std::size_t wanted_header() const;
  Result<void> check_header() const;
  void begin_frame();

  bool masked_;
  bool in_frame_ = false;
  bool begins_ = false;
  bool fragmented_ = false;
  std::uint8_t header_size_ = 0;
  std::array<std::uint8_t, websocket::kMostHeader> header_{};
  std::uint64_t length_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t position_ = 0;
  MaskKey mask_{};
};

}  // namespace wssgate::bench
