#pragma once

#include <memory>

#include "gateway/connection.h"
#include "gateway/http_gateway.h"

namespace wssgate::gateway {

/// Carries an upgraded connection to its end (see TunnelRelay), most of it after this has returned,
/// and writes its access line. A reset of one side is a reset for the other, unless that has a
/// Close frame which tells why. Where we close it ourselves, both get one, at a frame boundary, and
/// time to answer it.
void begin_tunnel(std::unique_ptr<Connection> connection, Upgraded upgraded);

}  // namespace wssgate::gateway
