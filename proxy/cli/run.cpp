#include <csignal>
#include <string>
#include <vector>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/serve.h"
#include "config/load.h"
#include "control/privileges.h"

namespace wssgate::cli {

int run(const RunOptions& options) {
  // Whoever rotates logs does not know that we are only starting: until somebody heeds it
  // (Shutdown) it must not end us. Files are opened after this anyway.
  std::signal(SIGUSR1, SIG_IGN);
  control::protect_memory();
  Report report;
  const control::LoadConfig load = [options](Report& found) {
    config::Config config = config::load_file(options.file, found);
    options.log.apply_to(config.log);
    return config;
  };
  const config::Config config = load(report);
  const auto announce = [&](const std::vector<SocketAddress>& listening) {
    std::string addresses;
    for (const SocketAddress& address : listening) {
      if (!addresses.empty()) addresses += " ";
      addresses += address.text();
    }
    log::info("serving", "wssgate " WSSGATE_VERSION " serves",
              {{"config", options.file},
               {"listeners", addresses},
               {"hosts", static_cast<std::int64_t>(config.hosts.size())}});
  };
  return serve(config, std::move(report), load, announce);
}

}  // namespace wssgate::cli
