#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"

/// The framing of WebSocket streams (RFC 6455 §5), as far as a proxy follows it.
namespace wssgate::websocket {

/// Follows one direction of a WebSocket stream by its frame headers (RFC 6455 §5.2) without
/// holding or changing a payload. Reads payload bytes only of Close frames, for the code.
/// Bytes that are no valid frame header make it stop following (`lost()`); they pass all the same,
/// since judging the stream is the endpoints' business. 40 bytes of state.
class FrameReader {
 public:
  /// `masked`: this is the client's direction, whose payloads are masked (§5.3).
  explicit FrameReader(bool masked) : masked_(masked) {}

  /// The next bytes of the stream, however they are cut.
  void follow(ByteView bytes);
  /// The same up to the end of the frame that they are in or begin: how many of them those are.
  /// All, where the frame goes on behind them and where the stream is lost().
  std::size_t follow_frame(ByteView bytes);

  /// Data messages begun (text and binary; continuations and control frames do not count).
  std::uint64_t messages() const { return messages_; }
  /// Payload bytes of the message begun last, as far as its frames' headers have announced them.
  std::uint64_t message_size() const { return message_size_; }
  /// The next byte starts a frame: a place where a proxy may put a control frame of its own, also
  /// between the fragments of a message (§5.4). Nothing may follow a Close frame: see `close_code`.
  bool at_boundary() const { return !lost_ && part_ == Part::opcode; }
  /// The first Close frame has passed entirely: its code, or 1005 where it held none (§7.1.5).
  std::optional<std::uint16_t> close_code() const;
  bool lost() const { return lost_; }

 private:
  /// What the next byte belongs to.
  enum class Part : std::uint8_t { opcode, length, long_length, mask, payload };

  void read_header(std::uint8_t byte);
  void read_opcode(std::uint8_t byte);
  void read_length(std::uint8_t byte);
  void read_long_length(std::uint8_t byte);
  void read_mask(std::uint8_t byte);
  void after_length();
  void begin_payload();
  std::size_t pass_payload(ByteView bytes);
  void read_close_code(std::uint8_t byte);
  void end_frame();

  std::uint64_t messages_ = 0;
  std::uint64_t message_size_ = 0;
  std::uint64_t left_ = 0;        // of the payload; grows byte by byte in a long length
  std::uint16_t close_code_ = 0;  // 0 until two payload bytes of a Close frame
  Part part_ = Part::opcode;
  std::uint8_t opcode_ = 0;
  std::uint8_t header_left_ = 0;   // bytes of a long length or of a mask
  std::uint8_t close_bytes_ = 0;   // payload bytes of the Close frame seen, counted up to 2
  std::uint8_t mask_[2] = {0, 0};  // as much of the key as a close code needs
  bool masked_;
  bool lost_ = false;
  bool fragmented_ = false;  // continuations are to follow
  bool closed_ = false;
};

static_assert(sizeof(FrameReader) <= 40, "each tunnel has two of these");

}  // namespace wssgate::websocket
