#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/report.h"
#include "cli/commands.h"
#include "config/model.h"
#include "control/reloader.h"

namespace wssgate::cli {

/// Prints every problem to stderr, then how many there are. Returns 1, for the exit code.
int refuse(const Report& report, const std::string& consequence);

/// Builds, opens and serves what `config` says until a signal; `report` holds what loading it
/// found. Nothing is served when there is any problem. `load` reads the configuration again at a
/// reload. `on_serving` is called once it serves, with the addresses in the order of the
/// configuration's listeners and the ports that they got.
int serve(const config::Config& config, Report report, control::LoadConfig load,
          const std::function<void(const std::vector<SocketAddress>&)>& on_serving);

}  // namespace wssgate::cli
