#pragma once

#include "base/report.h"
#include "config/model.h"

namespace wssgate::control {

/// Reports a configured user that the system does not know.
void prove_user(const config::Config& config, Report& report);

/// From now on this process is the configured user, with its groups, and keeps of root's rights
/// only that to bind low ports: a reload and an upgrade may need it. A problem where it may not
/// become that user. Call it before other threads start, and before anything is read or written
/// that the user should be able to read or write later.
void become_user(const config::Config& config, Report& report);

/// No core dump of this process is written, and nobody but root may look into its memory, where
/// private keys are. No program that it starts gets more rights than it has.
void protect_memory();

}  // namespace wssgate::control
