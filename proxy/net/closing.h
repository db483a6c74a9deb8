#pragma once

#include "net/stream.h"

namespace wssgate::net {

/// Of a relay with a peer that takes nothing of what was sent to it, or does not end after the
/// other has.
inline constexpr Duration kPatience{60'000};

/// Ends a connection so that its last bytes arrive: sends what is pending, says that no more
/// comes, and reads and drops what the peer still sends (within a short time and a bounded amount).
/// Closing with unread input would make the kernel send RST, which can destroy an answer or an
/// alert before the peer has read it.
asio::awaitable<void> close_gently(Stream& stream, Waiter& waiter);

}  // namespace wssgate::net
