#include "gateway/tunnel_relay.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "net/two_ways.h"

namespace wssgate::gateway {
namespace {

// For the Close frames that answer ours.
constexpr Duration kAnswer{10'000};

}  // namespace

TunnelRelay::TunnelRelay(net::Stream& client, net::Stream& upstream, net::Waiter& waiter,
                         const config::WebSocketTerms& terms, Duration patience)
    : client_(client),
      upstream_(upstream),
      waiter_(waiter),
      terms_(terms),
      patience_(patience),
      up_(client, upstream, terms.max_message),
      down_(upstream, client, terms.max_message),
      begun_(TunnelClock::now()),
      now_(begun_),
      moved_(begun_),
      passed_(begun_),
      client_beat_(begun_),
      upstream_beat_(begun_) {}

Result<void> TunnelRelay::pass_early(const std::string& from_client,
                                     const std::string& from_upstream) {
  // The upstream first: should it be gone by now, this is all that the client hears of it.
  auto down = down_.pass(from_upstream);
  if (!down) return down;
  return up_.pass(from_client);
}

std::optional<Result<void>> TunnelRelay::turn(std::span<char> scratch) {
  bool moves = true;
  bool moved_some = false;
  for (int steps = 0; moves && steps < net::kRelayStepsPerTurn; ++steps) {
    auto moved = closing_ ? step_closing(scratch) : net::step_both(up_, down_, scratch);
    note_order();
    if (!moved) return std::move(moved).error();
    moves = *moved;
    moved_some |= moves;
    // That is told before anything else can end it.
    if (!closing_ && (up_.oversized() || down_.oversized())) break;
  }
  if (up_.done() && down_.done() && !closing_) return Result<void>();
  auto timely = keep_time(moved_some);
  if (!timely) return timely;
  if (closed_out()) return Error(order_.reason, Side::proxy);
  if (moves) waiter_.notify();
  return std::nullopt;
}

/// A side that breaks off may have had our Close already, and the other is still to answer it.
Result<bool> TunnelRelay::step_closing(std::span<char> scratch) {
  const auto tolerant = [&](Direction& direction, bool& broken) {
    if (broken) return false;
    const auto moved = direction.step(scratch);
    broken = !moved;
    return moved && *moved;
  };
  const bool up = tolerant(up_, up_broken_);
  const bool down = tolerant(down_, down_broken_);
  return up || down;
}

void TunnelRelay::note_order() {
  if (closing_) return;
  if (!first_to_close_) {
    if (up_.ended() || up_.frames().close_code()) {
      first_to_close_ = Side::client;
    } else if (down_.ended() || down_.frames().close_code()) {
      first_to_close_ = Side::upstream;
    }
  }
  if (!first_to_end_) {
    if (up_.ended()) {
      first_to_end_ = Side::client;
    } else if (down_.ended()) {
      first_to_end_ = Side::upstream;
    }
  }
}

void TunnelRelay::order_close(const CloseOrder& order) {
  const TunnelClock::time_point until = std::min(order_.until, order.until);
  if (order.at < order_.at) order_ = order;
  order_.until = until;
}

void TunnelRelay::withdraw_order() {
  if (!closing_) order_ = {};
}

/// Does what is due by now and has the waiter wake up for what will be.
Result<void> TunnelRelay::keep_time(bool moved) {
  now_ = TunnelClock::now();
  next_ = TunnelClock::time_point::max();
  if (moved) moved_ = now_;
  auto kept = keep_limits();
  if (kept && !closing_) kept = keep_patience();
  if (kept && !closing_ && !first_to_close_) {
    kept = keep_alive(Side::client, client_beat_);
    if (kept) kept = keep_alive(Side::upstream, upstream_beat_);
  }
  waiter_.wakes_at(next_);
  return kept;
}

bool TunnelRelay::is_due(TunnelClock::time_point time) {
  if (now_ >= time) return true;
  next_ = std::min(next_, time);
  return false;
}

/// Between messages nobody owes anything. Whoever does not take what was sent, or does not end
/// after the other side has, may do so for a while only: it must not hold the pair for ever.
Result<void> TunnelRelay::keep_patience() {
  auto kept = keep_intake(client_, down_, client_intake_);
  if (kept) kept = keep_intake(upstream_, up_, upstream_intake_);
  if (!kept || !first_to_close_ || client_.pending() || upstream_.pending()) return kept;
  if (is_due(moved_ + patience_)) return Error(Reason::idle, Side::proxy);
  return {};
}

/// What the other side does, or this side says, is no excuse for taking nothing.
Result<void> TunnelRelay::keep_intake(const net::Stream& to, const Direction& direction,
                                      Intake& intake) {
  const std::int64_t taken =
      static_cast<std::int64_t>(direction.bytes()) - static_cast<std::int64_t>(to.pending_bytes());
  if (!to.pending() || taken > intake.most) intake.at = now_;
  intake.most = std::max(intake.most, taken);
  if (to.pending() && is_due(intake.at + patience_)) return Error(Reason::stalled, to.side());
  return {};
}

Result<void> TunnelRelay::keep_limits() {
  if (bytes_passed_ != up_.bytes() + down_.bytes()) {
    bytes_passed_ = up_.bytes() + down_.bytes();
    passed_ = now_;
  }
  if (!closing_ && (up_.oversized() || down_.oversized())) {
    order_ = {now_, order_.until, Reason::message_too_large, websocket::kMessageTooBig};
    return begin_closing();
  }
  if (is_due(order_.until)) return Error(order_.reason, Side::proxy);
  if (closing_ || first_to_close_) return {};  // or it is being closed by those whose it is
  if (terms_.max_age.count() != 0 && is_due(begun_ + terms_.max_age)) {
    order_close(
        {now_, TunnelClock::time_point::max(), Reason::max_age, websocket::kServiceRestart});
  }
  if (terms_.idle_timeout.count() != 0 && is_due(passed_ + terms_.idle_timeout)) {
    order_close({now_, TunnelClock::time_point::max(), Reason::idle, websocket::kGoingAway});
  }
  return is_due(order_.at) ? begin_closing() : Result<void>();
}

Result<void> TunnelRelay::begin_closing() {
  closing_ = true;
  order_.until = std::min(order_.until, now_ + kAnswer);
  is_due(order_.until);
  up_broken_ = !up_.close(order_.code);
  down_broken_ = !down_.close(order_.code);
  return {};
}

bool TunnelRelay::closed_out() const {
  return closing_ && is_finished(Side::client) && is_finished(Side::upstream);
}

bool TunnelRelay::is_finished(Side side) const {
  const Direction& its = from(side);
  const bool its_broken = side == Side::client ? up_broken_ : down_broken_;
  const bool untold = side == Side::client ? down_broken_ : up_broken_;
  if (its_broken || its.ended() || its.frames().close_code()) return true;
  return towards(side).cannot_tell() || (untold && !towards(side).told());
}

void TunnelRelay::note_answer(Side side, TunnelClock::duration after) {
  const auto whole = std::chrono::duration_cast<std::chrono::microseconds>(after).count();
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  answered_by_ = side;
  answered_after_us_ = static_cast<std::uint32_t>(std::clamp<std::int64_t>(whole, 1, most));
}

std::optional<TunnelRelay::PingAnswer> TunnelRelay::take_ping_answer() {
  if (answered_after_us_ == 0) return std::nullopt;
  const std::chrono::microseconds after(std::exchange(answered_after_us_, 0));
  return PingAnswer{answered_by_, after};
}

/// A side whose bytes we do not read, or that does not take ours, is judged by its stalling.
Result<void> TunnelRelay::keep_alive(Side side, Heartbeat& beat) {
  Direction& its = from(side);
  Direction& to_it = towards(side);
  const bool waits = its.blocked() || to_it.blocked();
  const bool heard = its.take_heard();
  if (heard && beat.asked()) note_answer(side, beat.since(now_));
  if (heard || waits) beat.heard(now_);
  if (to_it.take_pinged()) beat.pinged(now_);
  if (terms_.ping_interval.count() == 0 || waits || to_it.frames().lost()) return {};
  if (!is_due(beat.due(terms_))) return {};
  if (beat.asked()) return Error(Reason::ping_timeout, side);
  its.expect_pongs();
  auto sent = to_it.ping();
  if (sent && to_it.take_pinged()) beat.pinged(now_);
  is_due(beat.due(terms_));
  return sent;
}

}  // namespace wssgate::gateway
