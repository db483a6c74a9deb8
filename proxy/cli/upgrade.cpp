#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "base/report_json.h"
#include "cli/admin_client.h"
#include "cli/commands.h"

namespace wssgate::cli {

int upgrade(const AdminOptions& options) {
  const nlohmann::json answer = ask_process(options, "POST", "/upgrade");
  const bool ok = answer.value("ok", false);
  if (options.json) {
    std::puts(json_text(answer, 2).c_str());
  } else if (ok) {
    std::puts(fmt::format("process {} serves now; the one before it ends with its connections",
                          answer.value("pid", 0))
                  .c_str());
  } else {
    std::fputs(
        fmt::format("not upgraded, the running process goes on: {}\n", answer.value("error", ""))
            .c_str(),
        stderr);
  }
  return ok ? 0 : 1;
}

}  // namespace wssgate::cli
