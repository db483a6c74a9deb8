#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "gateway/refused_names.h"
#include "gateway/telemetry.h"

namespace wssgate::gateway {

/// What one host has had since the start; what is only counted at its end comes then.
struct HostFigures {
  std::uint64_t requests = 0;
  std::uint64_t tunnels_begun = 0;
  std::uint64_t tunnels_ended = 0;
  /// Messages of tunnels, both ways.
  std::uint64_t messages = 0;
  /// Tunnels, bodies and what is passed through.
  std::uint64_t bytes_from_clients = 0;
  std::uint64_t bytes_from_upstreams = 0;

  std::uint64_t tunnels_open() const { return tunnels_begun - tunnels_ended; }
  void add(const HostFigures& other);
};

/// The part of what a worker counts that people look at, without the histograms and series that
/// metrics need: cheap enough to be asked for every few seconds.
struct Figures {
  std::uint64_t connections = 0;
  TunnelCounts tunnel_ends;
  RefusedNames refused_names;
  /// Of hosts that anybody has asked for, by their labels.
  std::unordered_map<std::string, HostFigures> hosts;

  static Figures of(const Telemetry& telemetry, const RefusedNames& refused_names);
  void add(const Figures& other);
};

}  // namespace wssgate::gateway
