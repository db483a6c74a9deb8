#include "cli/serve.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "base/log_places.h"
#include "cli/report_output.h"
#include "control/admin_token.h"
#include "control/listening.h"
#include "control/log_outputs.h"
#include "control/privileges.h"
#include "control/service.h"
#include "gateway/snapshot.h"

namespace wssgate::cli {

int refuse(const Report& report, const std::string& consequence) {
  const Look look = look_of(STDERR_FILENO);
  std::fputs(problems_text(report, look).c_str(), stderr);
  const char* const gap = look == Look::lines ? "" : "\n";
  std::fputs(fmt::format("{}{}: {}\n", gap, counts_text(report), consequence).c_str(), stderr);
  return 1;
}

int serve(const config::Config& config, Report report, control::LoadConfig load,
          const std::function<void(const std::vector<SocketAddress>&)>& on_serving) {
  auto inherited = control::Inheritance::take();
  control::raise_descriptor_limit();
  auto listening =
      control::open_listeners(config, control::worker_count(config), report, inherited);
  control::become_user(config, report);
  control::prove_logs(config, report);
  (void)control::read_admin_token(config.admin, report);
  auto snapshot = gateway::Snapshot::build(config, std::chrono::system_clock::now(), report);
  if (!report.ok()) return refuse(report, "nothing is served");
  // The log of the process would tell nobody.
  if (!log::output_fault(config.log.output).empty()) {
    std::fputs(problems_text(report, look_of(STDERR_FILENO)).c_str(), stderr);
  }
  log::configure(config.log);
  control::warn_of_few_descriptors(config.limits.connections);
  for (const Problem& warning : report.by_place()) {
    control::log_problem("configuration_warning", log::Level::warn, warning);
  }
  control::Service service(std::move(snapshot), std::move(listening), std::move(load),
                           report.by_place(), std::move(inherited));
  const int exit_code = service.run([&] { on_serving(service.server().addresses()); });
  // Static objects would wait for the log's writers again, and the service for a reload.
  const bool busy = service.busy();
  if (!log::shutdown(busy) || busy) std::_Exit(exit_code);
  return exit_code;
}

}  // namespace wssgate::cli
