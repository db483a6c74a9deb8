#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/log.h"

namespace wssgate::log {

/// As syslog.h has them.
int severity_of(Level level);

/// The first field of some, and how many there are.
using Span = std::pair<const Field*, std::size_t>;

/// A line, without its end, of printable ASCII only. JSON has all fields; text leaves out those
/// that are empty.
std::string format_line(Format format, Level level, std::string_view event,
                        std::string_view message, Span fields);

}  // namespace wssgate::log
