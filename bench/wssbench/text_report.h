#pragma once

#include <string>

#include "wssbench/options.h"
#include "wssbench/results.h"

namespace wssgate::bench {

/// A run for people: a few aligned lines with units, and what to make of them.
std::string to_text(const Options& options, const Results& results);

/// "1.23 ms": three digits, the unit that fits.
std::string format_time(double nanoseconds);
/// "12,345", "1.23 M".
std::string format_count(double count);
/// "1.23 GB/s" and the like, decimal.
std::string format_bytes(double bytes);

}  // namespace wssgate::bench
