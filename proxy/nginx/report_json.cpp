#include "base/report_json.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "nginx/render.h"

namespace wssgate::nginx {

std::string report_json(const std::string& path, const Import& import, const Report& syntax) {
  using Json = nlohmann::ordered_json;
  Json findings = Json::array();
  for (const Finding& finding : import.findings.ordered()) {
    findings.push_back({{"id", finding_name(finding.id)},
                        {"kind", kind_name(kind_of(finding.id))},
                        {"file", finding.at.file},
                        {"line", finding.at.line},
                        {"directive", finding.directive},
                        {"what", finding.what},
                        {"why", finding.why}});
  }
  Json report;
  report["file"] = path;
  report["exit_code"] =
      static_cast<int>(syntax.ok() ? import.findings.exit_code() : ExitCode::unreadable);
  report["problems"] = to_json(syntax.ok() ? std::vector<Problem>() : syntax.by_place());
  report["findings"] = std::move(findings);
  report["configuration"] = import.serves ? Json(import.yaml) : Json(nullptr);
  return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace wssgate::nginx
