#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "net/stream.h"
#include "protocol/websocket/control_frames.h"
#include "protocol/websocket/frame_reader.h"

namespace wssgate::gateway {

/// One way of a tunnel: bytes exactly as they came, but for three things that it does at frame
/// boundaries. It puts in a ping of ours, it leaves out the pongs that answer ours, and it puts in
/// a Close of ours, behind which nothing goes out any more. Holds no bytes but the first few of a
/// frame that it cannot tell yet.
class Direction {
 public:
  /// Streams are borrowed. `max_message`: payload bytes, 0 for any.
  Direction(net::Stream& from, net::Stream& to, std::uint64_t max_message = 0)
      : from_(from), to_(to), max_message_(max_message), frames_(from.side() == Side::client) {}

  /// Passes on bytes that have already been read.
  Result<void> pass(std::string_view bytes);
  /// Moves what can be moved now; false when that is nothing.
  Result<bool> step(std::span<char> scratch);
  /// The next step reads although nothing was announced.
  void look_again() { from_.look_again(); }

  /// The destination gets a ping, now or at the next frame boundary: see take_pinged().
  Result<void> ping();
  /// Pings of ours go to the source; what answers them goes no further.
  void expect_pongs() { expects_pongs_ = true; }
  /// The destination gets a Close, now or at the next frame boundary: see told().
  Result<void> close(std::uint16_t code);

  /// The source has ended.
  bool ended() const { return ended_; }
  /// And the destination has been told.
  bool done() const { return ended_passed_; }
  /// Nothing is read while the destination takes nothing.
  bool blocked() const { return to_.pending(); }
  /// The destination has a Close frame, ours or the source's.
  bool told() const { return closed_ || frames_.close_code().has_value(); }
  /// The Close that it has is ours.
  bool closed() const { return closed_; }
  /// It never will: there is no frame boundary to come.
  bool cannot_tell() const { return !told() && (frames_.lost() || ended_); }
  /// A message of the source is larger than it may be. It was cut off in front of a frame, so
  /// that the destination can be told; all further bytes are dropped.
  bool oversized() const { return oversized_; }

  /// A ping has gone out, or a byte has come, since this was asked last.
  bool take_pinged() { return std::exchange(pinged_, false); }
  bool take_heard() { return std::exchange(heard_, false); }

  /// Passed on: those of the source, not ours.
  std::uint64_t bytes() const { return bytes_; }
  const websocket::FrameReader& frames() const { return frames_; }

 private:
  /// What becomes of the frame that is about to begin.
  enum class Fate : std::uint8_t { pass, swallow, hold, refuse };

  Result<void> pass_frames(std::string_view bytes);
  Fate judge(ByteView bytes) const;
  Result<void> send(std::string_view bytes);
  Result<void> insert_due();
  bool inserts_now() const { return (ping_due_ || close_due_ != 0) && may_insert(); }
  bool may_insert() const { return frames_.at_boundary() && !told(); }

  net::Stream& from_;
  net::Stream& to_;
  std::uint64_t max_message_;
  websocket::FrameReader frames_;
  std::uint64_t bytes_ = 0;
  std::uint16_t close_due_ = 0;
  std::uint8_t held_size_ = 0;
  std::array<char, websocket::kMostHeader> held_{};
  bool ping_due_ = false;
  bool pinged_ = false;
  bool heard_ = false;
  bool expects_pongs_ = false;
  bool oversized_ = false;
  bool closed_ = false;
  bool ended_ = false;
  bool ended_passed_ = false;
};

}  // namespace wssgate::gateway
