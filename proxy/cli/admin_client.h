#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.h"

namespace wssgate::cli {

/// Asks the running process and returns its answer. Throws std::runtime_error with a sentence for
/// the operator when it cannot be reached, or answers something else than JSON with status 200, or
/// 400 with an "error".
nlohmann::json ask_process(const AdminOptions& options, const std::string& method,
                           const std::string& path);

/// For a query.
std::string percent_encoded(const std::string& text);

}  // namespace wssgate::cli
