#pragma once

#include <string>
#include <vector>

#include "base/report.h"
#include "config/model.h"
#include "control/handover.h"
#include "net/fd.h"

namespace wssgate::control {

/// One configured address with a listening socket for each worker (or more, which they share out).
struct ListeningAddress {
  /// As in config::listener_names().
  std::string name;
  SocketAddress address;  ///< with the port it got, where 0 was asked for
  std::vector<net::Fd> sockets;
};

/// Opens every configured listener but those in `open_already`, `workers` sockets each. An address
/// that is taken, not ours, or not permitted is a problem at its place in the configuration.
std::vector<ListeningAddress> open_listeners(const config::Config& config, unsigned workers,
                                             Report& report,
                                             const std::vector<std::string>& open_already = {});
/// The same at start, where sockets may have been inherited; those that no listener names are a
/// warning.
std::vector<ListeningAddress> open_listeners(const config::Config& config, unsigned workers,
                                             Report& report, Inheritance& inherited);

/// How many workers a configuration means: its number, or one a core.
unsigned worker_count(const config::Config& config);

}  // namespace wssgate::control
