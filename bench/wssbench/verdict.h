#pragma once

#include "wssbench/options.h"
#include "wssbench/results.h"

namespace wssgate::bench {

/// Says in `results.generator` whether the load generator itself was the limit, by what it
/// measured of itself.
void judge_generator(const Options& options, Results& results);

}  // namespace wssgate::bench
