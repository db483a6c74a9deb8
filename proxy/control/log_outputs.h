#pragma once

#include <memory>

#include "base/log.h"
#include "base/report.h"
#include "config/model.h"

namespace wssgate::control {

/// Reports a log that could not be written. A warning where nobody reads a daemon's socket, who may
/// only be starting again: then lines go out by themselves.
void prove_logs(const config::Config& config, Report& report);

/// The same at a reload. Of logs that go on only warnings are reported: a file that is open does
/// its work, whatever its folder has come to. Any thread.
void prove_changed_logs(const config::Config& wanted, Report& report);

/// What lines go to after a reload, once log::use() has it; null where nothing changes, or where
/// the report says why not. Makes files. Any thread.
std::shared_ptr<const log::Loggers> open_logs(const config::Config& wanted, Report& report);

}  // namespace wssgate::control
