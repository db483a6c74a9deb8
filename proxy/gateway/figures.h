#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/refused_names.h"
#include "gateway/telemetry.h"

namespace wssgate::gateway {

/// What one host has had since the start. Requests and their bodies are counted at their end.
struct HostFigures {
  std::uint64_t requests = 0;
  std::uint64_t tunnels_begun = 0;
  std::uint64_t tunnels_ended = 0;
  /// Connections that are passed through now.
  std::uint64_t passing_through = 0;
  /// Messages of tunnels, both ways.
  std::uint64_t messages = 0;
  /// Tunnels, bodies and what is passed through.
  std::uint64_t bytes_from_clients = 0;
  std::uint64_t bytes_from_upstreams = 0;

  static HostFigures of(const HostCounts& counts);
  std::uint64_t tunnels_open() const { return tunnels_begun - tunnels_ended; }
  void add(const HostFigures& other);
};

/// One worker's part of Figures, as it is copied in its turn: of hosts there are no copies of
/// names, since a host once counted keeps its place in the worker's Telemetry.
struct WorkerFigures {
  using Host = std::pair<const std::string*, HostFigures>;

  TunnelCounts tunnel_ends;
  RefusedNames refused_names;
  HostFigures no_host;
  std::vector<Host> hosts;

  /// All but the hosts.
  void take(const Telemetry& telemetry, const RefusedNames& names);
  /// The next `most` of Gateway::seen_hosts(); true once it has all. Within the memory that `hosts`
  /// has, where that is enough.
  bool take_hosts(const std::vector<const SeenHost*>& seen, std::size_t most);
};

/// The part of what all workers count that people look at, without the histograms and series that
/// metrics need.
struct Figures {
  std::chrono::steady_clock::time_point at;
  TunnelCounts tunnel_ends;
  RefusedNames refused_names;
  /// Of all hosts together, and of requests to none.
  HostFigures all;
  /// Of hosts that anybody has asked for, by their labels.
  std::unordered_map<std::string, HostFigures> hosts;

  void add(const WorkerFigures& worker);
  /// As before anything was added; hosts keep their places, to be added to again.
  void reset();
};

}  // namespace wssgate::gateway
