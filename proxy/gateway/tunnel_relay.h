#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/stream.h"
#include "net/waiter.h"
#include "protocol/websocket/frame_reader.h"

namespace wssgate::gateway {

/// One way of a tunnel. Frame headers are followed for the access line only.
class Direction {
 public:
  /// Both are borrowed.
  Direction(net::Stream& from, net::Stream& to)
      : from_(from), to_(to), frames_(from.side() == Side::client) {}

  /// Passes on bytes that have already been read.
  Result<void> pass(std::string_view bytes);
  /// Moves what can be moved now; false when that is nothing.
  Result<bool> step(std::span<char> scratch);
  /// The next step reads although nothing was announced.
  void look_again() { from_.look_again(); }

  /// The source has ended.
  bool ended() const { return ended_; }
  /// And the destination has been told.
  bool done() const { return ended_passed_; }
  std::uint64_t bytes() const { return bytes_; }
  const websocket::FrameReader& frames() const { return frames_; }

 private:
  Result<bool> wait_for_room(std::size_t pending_before) const;

  net::Stream& from_;
  net::Stream& to_;
  websocket::FrameReader frames_;
  std::uint64_t bytes_ = 0;
  bool ended_ = false;
  bool ended_passed_ = false;
};

/// Both ways of a tunnel: bytes exactly as they came, until both sides have ended or one is broken.
/// Holds no buffer between messages; what one side refuses is kept (at most one read's worth) and
/// reading from the other side stops until it is gone. A side's end is passed on as an end.
class TunnelRelay {
 public:
  /// `patience` is how long one side may take no byte of what was sent to it, or not end after the
  /// other has. `scratch` is used within one step only; everything is borrowed.
  TunnelRelay(net::Stream& client, net::Stream& upstream, net::Waiter& waiter,
              std::span<char> scratch, Duration patience);

  /// First of all: what was read before the tunnel began.
  Result<void> pass_early(const std::string& from_client, const std::string& from_upstream);
  asio::awaitable<Result<void>> run();

  const Direction& up() const { return up_; }
  const Direction& down() const { return down_; }
  const Direction& from(Side side) const { return side == Side::client ? up_ : down_; }
  /// Who sent a Close frame, or ended without one, before the other did.
  std::optional<Side> first_to_close() const { return first_to_close_; }
  /// Whose last byte came before the other's.
  std::optional<Side> first_to_end() const { return first_to_end_; }

 private:
  void arm_deadline();
  Result<bool> step();
  void hear_out(Direction& from_broken);
  void note_order();

  net::Stream& client_;
  net::Stream& upstream_;
  net::Waiter& waiter_;
  std::span<char> scratch_;
  Duration patience_;
  Direction up_;
  Direction down_;
  std::optional<Side> first_to_close_;
  std::optional<Side> first_to_end_;
};

}  // namespace wssgate::gateway
