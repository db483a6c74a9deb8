#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "config/model.h"
#include "gateway/telemetry.h"
#include "gateway/tunnel_direction.h"
#include "net/stream.h"
#include "net/waiter.h"

namespace wssgate::gateway {

using TunnelClock = std::chrono::steady_clock;

/// That a tunnel is to be closed by us.
struct CloseOrder {
  /// When its Close frames go out, and by when it has to be over.
  TunnelClock::time_point at = TunnelClock::time_point::max();
  TunnelClock::time_point until = TunnelClock::time_point::max();
  Reason reason = Reason::none;
  std::uint16_t code = 0;
};

/// Tells when to ping one side: silence leads to a ping, and silence after it to an end.
class Heartbeat {
 public:
  explicit Heartbeat(TunnelClock::time_point now) : since_(now) {}

  void heard(TunnelClock::time_point now) { *this = Heartbeat(now); }
  void pinged(TunnelClock::time_point now) {
    since_ = now;
    asked_ = true;
  }
  /// A ping waits for its answer.
  bool asked() const { return asked_; }
  /// Since the ping, or since it was heard of.
  TunnelClock::duration since(TunnelClock::time_point now) const { return now - since_; }
  /// Of the ping, or of giving up.
  TunnelClock::time_point due(const config::WebSocketTerms& terms) const {
    return since_ + (asked_ ? terms.ping_timeout : terms.ping_interval);
  }

 private:
  TunnelClock::time_point since_;
  bool asked_ = false;
};

/// Both ways of a tunnel: bytes exactly as they came, until both sides have ended, one is broken or
/// silent, or it is closed by us. Holds no buffer between messages; what one side refuses is kept
/// (at most one read's worth) and reading from the other side stops until it is gone. A side's end
/// is passed on as an end.
class TunnelRelay {
 public:
  /// `patience` is how long one side may take no byte of what was sent to it, or not end after the
  /// other has. Everything is borrowed.
  TunnelRelay(net::Stream& client, net::Stream& upstream, net::Waiter& waiter,
              const config::WebSocketTerms& terms, Duration patience);

  /// First of all: what was read before the tunnel began.
  Result<void> pass_early(const std::string& from_client, const std::string& from_upstream);
  /// Moves what can be moved, for one turn of the waiter (whose deadline it sets). Nothing: it goes
  /// on with the next one. Else how it ended: an error also where we have closed it (closing()),
  /// however well that went. `scratch` is free again afterwards.
  std::optional<Result<void>> turn(std::span<char> scratch);

  /// How long a side's first byte behind a ping of ours was waited for, where one came since this
  /// was asked last. One side's, where both have answered in one turn.
  struct PingAnswer {
    Side by = Side::client;
    TunnelClock::duration after{};
  };
  std::optional<PingAnswer> take_ping_answer();

  /// It is to be closed; where there is an order already, the earlier one holds. What waits for the
  /// tunnel's waiter has to be woken.
  void order_close(const CloseOrder& order);
  /// It stays open after all, unless it is being closed already.
  void withdraw_order();

  const Direction& up() const { return up_; }
  const Direction& down() const { return down_; }
  const Direction& from(Side side) const { return side == Side::client ? up_ : down_; }
  const Direction& towards(Side side) const { return side == Side::client ? down_ : up_; }
  /// Who sent a Close frame, or ended without one, before the other did.
  std::optional<Side> first_to_close() const { return first_to_close_; }
  /// Whose last byte came before the other's.
  std::optional<Side> first_to_end() const { return first_to_end_; }
  /// We have begun to close it.
  bool closing() const { return closing_; }
  const CloseOrder& order() const { return order_; }
  /// And each side has answered our Close, or will not.
  bool closed_out() const;

 private:
  Result<bool> step_closing(std::span<char> scratch);
  void note_order();

  Result<void> keep_time(bool moved);
  Result<void> keep_patience();
  Result<void> keep_limits();
  Result<void> keep_alive(Side side, Heartbeat& beat);
  void note_answer(Side side, TunnelClock::duration after);
  Result<void> begin_closing();
  bool is_finished(Side side) const;
  bool is_due(TunnelClock::time_point time);
  Direction& from(Side side) { return side == Side::client ? up_ : down_; }
  Direction& towards(Side side) { return side == Side::client ? down_ : up_; }

  /// How much a side has taken of what was sent to it, and when it last took some.
  struct Intake {
    std::int64_t most = 0;
    TunnelClock::time_point at;
  };
  Result<void> keep_intake(const net::Stream& to, const Direction& direction, Intake& intake);

  net::Stream& client_;
  net::Stream& upstream_;
  net::Waiter& waiter_;
  const config::WebSocketTerms& terms_;
  Duration patience_;
  Direction up_;
  Direction down_;
  std::optional<Side> first_to_close_;
  std::optional<Side> first_to_end_;

  const TunnelClock::time_point begun_;
  TunnelClock::time_point now_;
  /// The first thing to be done at a time of its own.
  TunnelClock::time_point next_;
  TunnelClock::time_point moved_;
  Intake client_intake_;
  Intake upstream_intake_;
  TunnelClock::time_point passed_;  // the last byte of a peer's own
  std::uint64_t bytes_passed_ = 0;
  Heartbeat client_beat_;
  Heartbeat upstream_beat_;
  CloseOrder order_;
  bool closing_ = false;
  bool up_broken_ = false;  // while closing, which is no reason to forget the other way
  bool down_broken_ = false;
  Side answered_by_ = Side::client;
  std::uint32_t answered_after_us_ = 0;  // 0: nobody has
};

/// What a way of a tunnel has passed on.
inline Traffic traffic_of(const Direction& direction) {
  return {direction.bytes(), direction.frames().messages()};
}

static_assert(sizeof(TunnelRelay) <= 400, "each idle tunnel has one");

}  // namespace wssgate::gateway
