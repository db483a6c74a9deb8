#pragma once

#include "gateway/connection.h"
#include "gateway/http_gateway.h"

namespace wssgate::gateway {

/// Carries an upgraded connection to its end (see TunnelRelay) and writes its access line. A reset
/// of one side is a reset for the other, unless that has a Close frame which tells why. Where we
/// close it ourselves, both get one, at a frame boundary, and time to answer it.
asio::awaitable<void> run_tunnel(Connection& connection, std::unique_ptr<Upgraded> upgraded);

}  // namespace wssgate::gateway
