#pragma once

#include "config/model.h"
#include "net/asio.h"
#include "net/loop.h"
#include "net/waiter.h"
#include "upstream/upstream.h"

namespace wssgate::gateway {

/// Tries once whether `endpoint` is well, as `rules` say, within rules.timeout; a PROXY header
/// says that the connection is ours. Errors, of side
/// upstream where it is the endpoint's fault: net::dial's,
/// upstream::begin_tls's, upstream_timeout, upstream_closed,
/// upstream_reset, malformed_response, malformed_upgrade_response.
asio::awaitable<Result<void>> check_endpoint(net::Loop& loop, const upstream::Endpoint& endpoint,
                                             upstream::ProxyHeader header,
                                             const config::Health& rules, net::Waiter& waiter);

}  // namespace wssgate::gateway
