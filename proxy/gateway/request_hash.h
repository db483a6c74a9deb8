#pragma once

#include <cstdint>

#include "gateway/connection.h"
#include "protocol/http/head.h"

namespace wssgate::gateway {

/// The hash of what a request is to be hashed by: the first of the header field, the cookie and the
/// query parameter of `source` that it has, or else its client's address. 0 where the upstream does
/// not balance by hash.
std::uint64_t request_hash(const upstream::Upstream& upstream, const Connection& connection,
                           const http::RequestHead& request);

/// The same of a connection without requests: its client's address.
std::uint64_t client_hash(const upstream::Upstream& upstream, const Connection& connection);

}  // namespace wssgate::gateway
