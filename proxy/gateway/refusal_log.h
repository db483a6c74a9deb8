#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace wssgate::gateway {

struct Connection;

/// Counts, and writes the line of a connection that ended before anything could be served on it
/// (LineSampler). `asked` is the server name as the client sent it; empty: none. `request_id` is
/// that of the answer, where there is one.
void log_refusal(const Connection& connection, const Error& error, const std::string& asked,
                 std::string_view request_id = {});

}  // namespace wssgate::gateway
