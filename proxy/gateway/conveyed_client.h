#pragma once

#include "gateway/connection.h"
#include "net/tcp_stream.h"

namespace wssgate::gateway {

/// The peer has to begin with a PROXY header: it speaks for others.
bool speaks_for_others(const Listening& listener, const SocketAddress& peer);

/// Takes the PROXY header, and not a byte more, from a connection of a peer that has to send one
/// (Listening::proxies): from then on the connection's client is the one that it names. True when
/// there was a header. Other peers' connections are left as they are, but may not begin with one.
/// Where the listener names no peers nothing is looked at. Waits for as long as the waiter's
/// deadline says. Errors: those of proxy_protocol::read_header, proxy_header_refused,
/// client_closed, client_reset, the waiter's.
asio::awaitable<Result<bool>> take_proxy_header(Connection& connection, net::TcpStream& plain,
                                                const Listening& listener);

}  // namespace wssgate::gateway
