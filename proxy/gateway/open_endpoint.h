#pragma once

#include <memory>

#include "gateway/access_record.h"
#include "gateway/connection.h"
#include "upstream/upstream.h"

namespace wssgate::gateway {

/// A new connection to an endpoint of `upstream`, ready for the first byte of a request: its PROXY
/// header has been sent and its TLS handshake, where it has one, is done. All of that has
/// timeouts.connect together. `record` gets what it took. Errors: net::dial's, upstream_reset,
/// upstream::begin_tls's; refused TLS is logged here too, once a second.
asio::awaitable<Result<std::unique_ptr<net::Stream>>> open_endpoint(
    Connection& connection, const upstream::Upstream& upstream, const upstream::Endpoint& endpoint,
    AccessRecord& record);

}  // namespace wssgate::gateway
