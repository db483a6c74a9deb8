#pragma once

#include "gateway/connection.h"
#include "net/tcp_stream.h"
#include "protocol/tls/client_hello.h"

namespace wssgate::gateway {

/// Reads the ClientHello without taking a byte of it from the socket, so that the TLS library (or
/// an upstream, for passthrough) reads it there again. Waits no longer than
/// timeouts.client_hello in all and looks at no more than limits.client_hello bytes.
/// Errors: those of parse_client_hello, client_hello_timeout, client_closed, client_reset.
asio::awaitable<Result<tls::ClientHello>> peek_client_hello(Connection& connection,
                                                            net::TcpStream& plain);

}  // namespace wssgate::gateway
