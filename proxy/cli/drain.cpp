#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "base/report_json.h"
#include "base/units.h"
#include "cli/admin_client.h"
#include "cli/commands.h"

namespace wssgate::cli {
namespace {

std::string request_for(const DrainOptions& options) {
  std::string query;
  if (!options.host.empty()) query = "host=" + percent_encoded(options.host);
  if (!options.endpoint.empty()) query = "endpoint=" + percent_encoded(options.endpoint);
  if (options.undo) query += query.empty() ? "undo=1" : "&undo=1";
  return query.empty() ? "/drain" : "/drain?" + query;
}

}  // namespace

int drain(const DrainOptions& options) {
  const nlohmann::json answer = ask_process(options.admin, "POST", request_for(options));
  const bool ok = answer.value("ok", false);
  const std::string target = answer.value("target", "");
  if (options.admin.json) {
    std::puts(json_text(answer, 2).c_str());
  } else if (!ok) {
    std::fputs(fmt::format("{}\n", answer.value("error", "")).c_str(), stderr);
  } else if (options.undo) {
    std::puts(fmt::format("{} gets new connections again", target).c_str());
  } else {
    const Duration limit(answer.value("limit_ms", Duration::rep{0}));
    std::puts(fmt::format("draining {}: {} tunnels are closed within {}; 'wssgate status' shows "
                          "what is left",
                          target, answer.value("tunnels", 0), format_duration(limit))
                  .c_str());
  }
  return ok ? 0 : 1;
}

}  // namespace wssgate::cli
