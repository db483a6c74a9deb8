#include "control/log_outputs.h"

#include <fmt/format.h>

#include <exception>
#include <string>

#include "base/log_places.h"

namespace wssgate::control {
namespace {

constexpr const char* kHint =
    "name a file that wssgate's user may write (under systemd, where its unit lets it), or stdout, "
    "stderr, syslog, journald or off";

/// Not from the configuration that serves: where lines went on as before, they do still.
bool is_changed(const config::Config& wanted) {
  const auto now = log::in_use();
  return now && !(*now == wanted.log);
}

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

void prove_changed_logs(const config::Config& wanted, Report& report) {
  const bool changed = is_changed(wanted);
  Report found;
  prove_logs(wanted, found);
  for (const Problem& problem : found.problems()) {
    if (changed || problem.severity == Severity::warning) report.add(problem);
  }
}

std::shared_ptr<const log::Loggers> open_logs(const config::Config& wanted, Report& report) {
  if (!is_changed(wanted)) return nullptr;
  try {
    return log::open(wanted.log);
  } catch (const std::exception& failure) {  // it has changed since
    report.add({.file = wanted.file}, fmt::format("log: {}", failure.what()), kHint);
    return nullptr;
  }
}

}  // namespace wssgate::control
