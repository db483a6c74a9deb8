#pragma once

#include <cstdint>
#include <string>

#include "support/backend.h"
#include "support/clients.h"

namespace wssgate::test {

/// A frame as it was read, unmasked.
struct Frame {
  std::uint8_t first = 0;
  std::string payload;
  bool operator==(const Frame&) const = default;
};

/// The next frame. Throws when the peer ends before its end.
Frame read_frame(RawClient& from);
/// The next one that is no ping.
Frame read_past_pings(RawClient& from);
/// The code of a Close frame; 0 of any other.
std::uint16_t close_code(const Frame& frame);

/// A backend that speaks WebSocket: it sends messages back, answers pings and Close frames, and
/// then ends. Other requests get "served".
Backend::Script websocket_backend();

}  // namespace wssgate::test
