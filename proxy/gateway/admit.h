#pragma once

#include "gateway/connection.h"
#include "net/tcp_stream.h"

namespace wssgate::gateway {

/// Finds out whose connection it is (take_proxy_header), within timeouts.client_hello, and takes
/// its share of what that address may have (`limits`): before anything is waited for, where the
/// address is known. True when there was a PROXY header. Errors: take_proxy_header's,
/// address_connection_limit, handshake_rate.
asio::awaitable<Result<bool>> admit_client(Connection& connection, net::TcpStream& plain,
                                           const Listening& listener);

/// A place among the handshakes in flight. Resumed ones cost a tenth, and their clients were here
/// before: the last quarter is theirs. Error: handshake_limit.
Result<ConnectionGate::Place> admit_handshake(Connection& connection, bool resumes);

}  // namespace wssgate::gateway
