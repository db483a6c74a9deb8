#include "control/log_outputs.h"

#include <fmt/format.h>

#include <exception>
#include <string>

namespace wssgate::control {
namespace {

constexpr const char* kHint =
    "name a file that wssgate's user may write, or stdout, stderr, syslog, journald or off";

}  // namespace

void prove_logs(const config::Config& config, Report& report) {
  const auto prove = [&](const char* key, const std::string& where) {
    const std::string fault = log::output_fault(where);
    if (fault.empty()) return;
    const std::string what = fmt::format("{}: cannot write '{}': {}", key, where, fault);
    if (log::is_socket(where)) {
      report.warn({.file = config.file}, what,
                  where == "syslog" ? "see that rsyslog or another syslog daemon runs; lines are "
                                      "lost, and counted, until it does"
                                    : "see that systemd-journald runs, and that its socket is seen "
                                      "here; lines are lost, and counted, until it is");
    } else {
      report.add({.file = config.file}, what, kHint);
    }
  };
  prove("log.output", config.log.output);
  prove("log.access", config.log.access);
}

std::shared_ptr<const log::Loggers> open_logs(const config::Config& wanted,
                                              const config::Config& before, Report& report) {
  const bool changed = !(wanted.log == before.log);
  Report found;
  prove_logs(wanted, found);
  for (const Problem& problem : found.problems()) {
    if (changed || problem.severity == Severity::warning) report.add(problem);
  }
  if (!changed || !found.ok()) return nullptr;
  try {
    return log::open(wanted.log);
  } catch (const std::exception& failure) {  // it has changed since
    report.add({.file = wanted.file}, fmt::format("log: {}", failure.what()), kHint);
    return nullptr;
  }
}

}  // namespace wssgate::control
