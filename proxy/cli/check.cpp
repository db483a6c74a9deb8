#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <vector>

#include "cli/commands.h"
#include "cli/report_output.h"
#include "cli/serve.h"
#include "config/load.h"
#include "control/admin_token.h"
#include "control/log_outputs.h"
#include "control/privileges.h"
#include "gateway/snapshot.h"

namespace wssgate::cli {
namespace {

// In the order of the configuration.
std::vector<ProvenHost> proven_hosts(const gateway::Snapshot* snapshot) {
  std::vector<ProvenHost> hosts;
  if (snapshot == nullptr) return hosts;
  for (const config::Host& host : snapshot->config.hosts) {
    for (const auto& name : host.names) {
      const gateway::Site* site = snapshot->sites.find(name.value);
      if (site == nullptr) continue;
      for (const auto& served : site->certificates) {
        hosts.push_back({name.value.text(), served.certificate});
      }
    }
  }
  return hosts;
}

}  // namespace

int check(const CheckOptions& options) {
  const auto now = std::chrono::system_clock::now();
  Report report;
  const config::Config config = config::load_file(options.file, report);
  control::prove_user(config, report);
  control::prove_logs(config, report);
  (void)control::read_admin_token(config.admin, report);
  const auto snapshot = gateway::Snapshot::build(config, now, report);
  const auto hosts = proven_hosts(snapshot.get());
  if (options.json) {
    std::fputs(check_json(report, hosts).c_str(), stdout);
    return report.ok() ? 0 : 1;
  }
  if (!report.ok()) return refuse(report, "wssgate run would serve nothing");
  std::fputs(problems_text(report, look_of(STDERR_FILENO)).c_str(), stderr);
  std::fputs(hosts_text(hosts, now, look_of(STDOUT_FILENO)).c_str(), stdout);
  std::fputs(fmt::format("{}: {}\n", options.file, counts_text(report)).c_str(), stdout);
  return 0;
}

}  // namespace wssgate::cli
