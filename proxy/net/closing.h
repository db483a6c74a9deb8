#pragma once

#include "net/stream.h"

namespace wssgate::net {

/// Ends a connection so that its last bytes arrive: sends what is pending, says that no more
/// comes, and reads and drops what the peer still sends (within a short time and a bounded amount).
/// Closing with unread input would make the kernel send RST, which can destroy an answer or an
/// alert before the peer has read it.
asio::awaitable<void> close_gently(Stream& stream, Waiter& waiter);

}  // namespace wssgate::net
