#pragma once

#include "config/model.h"
#include "config/problems.h"

namespace wssgate::config {

/// The rules that more than one value takes part in: names, paths and addresses that stand twice,
/// upstreams that no one defined, keys that contradict each other. Values that could not be read
/// are empty here, and passed over.
void validate(const Config& config, Problems& problems);

}  // namespace wssgate::config
