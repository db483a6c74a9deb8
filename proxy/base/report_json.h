#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/report.h"

namespace wssgate {

/// {"severity", "file", "line", "column", "message", "hint"}; line and column are 0 for a whole
/// file.
nlohmann::json to_json(const Problem& problem);
nlohmann::json to_json(const std::vector<Problem>& problems);

/// Its text, indented by so many columns (-1: one line). Bytes that are no UTF-8 (a path may hold
/// some) are replaced.
std::string json_text(const nlohmann::json& json, int indent = -1);

/// What to_json() made. Fields that are not there stay empty.
Problem problem_from_json(const nlohmann::json& json);

}  // namespace wssgate
