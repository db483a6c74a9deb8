#pragma once

#include <memory>

#include "gateway/access_record.h"
#include "gateway/connection.h"
#include "upstream/upstream.h"

namespace wssgate::gateway {

/// A new connection to `endpoint`, ready for the first byte of a request. It has timeouts.connect.
/// `record` gets what it took. Errors: net::dial's.
asio::awaitable<Result<std::unique_ptr<net::Stream>>> open_endpoint(
    Connection& connection, const upstream::Endpoint& endpoint, AccessRecord& record);

}  // namespace wssgate::gateway
