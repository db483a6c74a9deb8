#include "base/report_json.h"

#include <nlohmann/json.hpp>

namespace wssgate {

nlohmann::json to_json(const Problem& problem) {
  return {{"severity", problem.severity == Severity::error ? "error" : "warning"},
          {"file", problem.at.file},
          {"line", problem.at.line},
          {"column", problem.at.column},
          {"message", problem.message},
          {"hint", problem.hint}};
}

nlohmann::json to_json(const std::vector<Problem>& problems) {
  nlohmann::json list = nlohmann::json::array();
  for (const Problem& problem : problems) list.push_back(to_json(problem));
  return list;
}

std::string json_text(const nlohmann::json& json, int indent) {
  return json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

Problem problem_from_json(const nlohmann::json& json) {
  return {
      .at = {.file = json.value("file", ""),
             .line = json.value("line", 0),
             .column = json.value("column", 0)},
      .message = json.value("message", ""),
      .hint = json.value("hint", ""),
      .severity = json.value("severity", "") == "warning" ? Severity::warning : Severity::error};
}

}  // namespace wssgate
