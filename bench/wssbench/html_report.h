#pragma once

#include <string>

#include "wssbench/options.h"
#include "wssbench/results.h"

namespace wssgate::bench {

/// A run as one HTML file with plots, and nothing from elsewhere.
std::string to_html(const Options& options, const Results& results);

}  // namespace wssgate::bench
