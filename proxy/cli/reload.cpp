#include <fmt/format.h>

#include <cstdio>

#include "base/report_json.h"
#include "cli/admin_client.h"
#include "cli/commands.h"

namespace wssgate::cli {
namespace {

void append(Report& report, const nlohmann::json& problems) {
  for (const auto& each : problems) {
    report.add(problem_from_json(each));
  }
}

}  // namespace

int reload(const AdminOptions& options) {
  const nlohmann::json answer = ask_process(options, "POST", "/reload");
  const bool ok = answer.value("ok", false);
  if (options.json) {
    std::puts(json_text(answer, 2).c_str());
    return ok ? 0 : 1;
  }
  Report report;
  append(report, answer.at("refused"));
  append(report, answer.at("held"));
  append(report, answer.at("warnings"));
  std::fputs(report.text().c_str(), stderr);
  if (ok) {
    std::puts(answer.value("changed", false) ? "reloaded: what is on the disk serves"
                                             : "nothing has changed: what is on the disk serves");
    return 0;
  }
  std::fputs(answer.at("refused").empty()
                 ? "the rest serves; for what is refused above, what was there before goes on\n"
                 : "the configuration before goes on, with the certificates that are good\n",
             stderr);
  return 1;
}

}  // namespace wssgate::cli
