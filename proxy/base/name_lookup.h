#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace wssgate {

/// All addresses that the system's resolver gives for a host's name (or address), in its order,
/// with this port. Blocks on DNS. Error: upstream_unavailable with the resolver's sentence.
Result<std::vector<SocketAddress>> look_up_name(const std::string& host, std::uint16_t port);

}  // namespace wssgate
