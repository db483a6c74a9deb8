#pragma once

#include "gateway/connection.h"
#include "net/tcp_stream.h"

namespace wssgate::gateway {

/// Passes the client's TLS through to the upstream of its host, undecrypted and from its hello on,
/// which must still be in the socket; writes the access line when the connection ends. A reset of
/// one side is a reset for the other. Error: no endpoint could be reached (see link_upstream), and
/// the client waits for an answer.
asio::awaitable<Result<void>> run_passthrough(Connection& connection, net::TcpStream& client);

}  // namespace wssgate::gateway
