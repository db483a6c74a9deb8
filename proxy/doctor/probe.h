#pragma once

#include <functional>
#include <vector>

#include "base/address.h"
#include "doctor/facts.h"
#include "doctor/target.h"

namespace wssgate::doctor {

/// How far the work is, for whoever waits: how many of all addresses are done.
using Progress = std::function<void(std::size_t done, std::size_t all)>;

/// Asks one address everything: connects, shakes hands with the name, without one and with a
/// made-up one, upgrades and pings. Every step ends by `target.timeout`, or once `stop_fd` (-1:
/// none) is readable. Blocks.
Probe probe(const SocketAddress& address, const Target& target, int stop_fd);

/// Asks all of them at once, a thread each, 64 at a time. The answers are in the order of
/// `addresses`. `progress` is called by those threads, one at a time.
std::vector<Probe> probe_all(const std::vector<SocketAddress>& addresses, const Target& target,
                             int stop_fd, const Progress& progress);

}  // namespace wssgate::doctor
