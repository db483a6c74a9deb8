#pragma once

#include <nlohmann/json_fwd.hpp>

#include "wssbench/options.h"
#include "wssbench/results.h"

namespace wssgate::bench {

/// A run for programs; bench/README.md has the names. Latencies are in microseconds.
nlohmann::ordered_json to_json(const Options& options, const Results& results);
nlohmann::ordered_json options_json(const Options& options);

}  // namespace wssgate::bench
