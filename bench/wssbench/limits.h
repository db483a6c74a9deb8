#pragma once

#include <string>
#include <vector>

#include "wssbench/load_thread.h"

namespace wssgate::bench {

/// Raises the limit of descriptors as far as it goes, and says what of this machine is too small
/// for the load: descriptors, and the ports that connections come from.
std::vector<std::string> check_limits(const Plan& plan);

}  // namespace wssgate::bench
