#pragma once

#include <span>

#include "net/stream.h"

/// What a relay's two ways have in common, whatever they make of the bytes. A `Way` has
/// step(scratch), which moves what can be moved now, and look_again().
namespace wssgate::net {

/// Steps that moved something before the worker's other connections have their turn.
inline constexpr int kRelayStepsPerTurn = 32;

/// Whoever takes no more bytes may have said why (an alert, a Close frame, then a close with input
/// unread, which is a reset): what has arrived of it is passed on, also what the loop has not
/// come to tell yet.
template <class Way>
void hear_out(Way& from_broken, std::span<char> scratch) {
  from_broken.look_again();
  for (int i = 0; i < kRelayStepsPerTurn; ++i) {
    const auto moved = from_broken.step(scratch);
    if (!moved || !*moved) return;
  }
}

/// Moves what can be moved now, both ways; false when that is nothing.
template <class Way>
Result<bool> step_both(Way& up, Way& down, std::span<char> scratch) {
  auto went_up = up.step(scratch);
  if (!went_up) {
    hear_out(down, scratch);
    return went_up;
  }
  auto went_down = down.step(scratch);
  if (!went_down) {
    hear_out(up, scratch);
    return went_down;
  }
  return *went_up || *went_down;
}

/// Nothing is read while the destination takes nothing; that the source has gone is seen all the
/// same. True when some of what was pending went out.
inline Result<bool> wait_for_room(const Stream& from, const Stream& to,
                                  std::size_t pending_before) {
  if (!from.broken()) return to.pending_bytes() < pending_before;
  const bool client = from.side() == Side::client;
  return Error(client ? Reason::client_reset : Reason::upstream_reset, from.side());
}

}  // namespace wssgate::net
