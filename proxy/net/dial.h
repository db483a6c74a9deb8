#pragma once

#include <memory>

#include "base/address.h"
#include "net/tcp_stream.h"

namespace wssgate::net {

/// Connects to an upstream's address; the stream's waiter is `waiter`. How long that may take is
/// the deadline set in `waiter`. Errors: upstream_refused (nobody listens, unreachable, no such
/// unix socket), upstream_unavailable (this process is out of descriptors or ports), the waiter's.
asio::awaitable<Result<std::unique_ptr<TcpStream>>> dial(Loop& loop, SocketAddress address,
                                                         Waiter& waiter);

}  // namespace wssgate::net
