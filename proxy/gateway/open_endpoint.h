#pragma once

#include <memory>

#include "gateway/access_record.h"
#include "gateway/connection.h"
#include "upstream/upstream.h"

namespace wssgate::gateway {

/// A new connection to an endpoint of `upstream`, ready for the first byte of a request: its PROXY
/// header has been sent. It has timeouts.connect. `record` gets what it took. Errors: net::dial's,
/// upstream_reset.
asio::awaitable<Result<std::unique_ptr<net::Stream>>> open_endpoint(
    Connection& connection, const upstream::Upstream& upstream, const upstream::Endpoint& endpoint,
    AccessRecord& record);

}  // namespace wssgate::gateway
