#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace wssgate::upstream {

/// The addresses that an endpoint's text stands for: the one it spells, or all that the system's
/// resolver gives for its name. Blocks on DNS: never call it on a worker. Error:
/// upstream_unavailable with the resolver's sentence.
Result<std::vector<SocketAddress>> resolve(const std::string& endpoint);

}  // namespace wssgate::upstream
