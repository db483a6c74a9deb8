#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/report.h"
#include "base/units.h"

namespace wssgate::control {

/// What a reload came to.
struct Reload {
  std::chrono::system_clock::time_point at;
  /// Who asked for it, such as "SIGHUP".
  std::string cause;
  Duration took{};
  /// Something else serves than before.
  bool changed = false;
  /// Why the configuration on the disk does not serve; the one before goes on. Empty: it serves.
  std::vector<Problem> refused;
  /// Why certificates on the disk do not serve; those before go on (Snapshot::held).
  std::vector<Problem> held;
  /// What serves and is going to be a problem.
  std::vector<Problem> warnings;

  bool ok() const { return refused.empty() && held.empty(); }
};

}  // namespace wssgate::control
