#pragma once

#include "gateway/connection.h"
#include "net/tcp_stream.h"
#include "protocol/tls/client_hello.h"

namespace wssgate::gateway {

/// Reads the ClientHello without taking a byte of it from the socket, so that the TLS library (or
/// an upstream, for passthrough) reads it there again. Waits for as long as the waiter's deadline
/// says and looks at no more than limits.client_hello bytes.
/// Errors: those of parse_client_hello, client_closed, client_reset, the waiter's.
asio::awaitable<Result<tls::ClientHello>> peek_client_hello(Connection& connection,
                                                            net::TcpStream& plain);

}  // namespace wssgate::gateway
