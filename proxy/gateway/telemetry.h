#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/histogram.h"
#include "gateway/tunnel_counts.h"

namespace wssgate::gateway {

using TelemetryClock = std::chrono::steady_clock;

/// Whole, so that times can be added up and taken away again.
inline std::chrono::milliseconds since_start_of_clock(TelemetryClock::time_point time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
}

/// The label of requests to no host of the configuration.
inline constexpr const char* kNoHost = "(none)";
/// What HTTP has not registered.
inline constexpr int kOtherStatus = -1;

struct AccessRecord;
struct Connection;

/// What went one way or the other.
struct Traffic {
  std::uint64_t bytes = 0;
  std::uint64_t messages = 0;

  void add(const Traffic& other) {
    bytes += other.bytes;
    messages += other.messages;
  }
  /// What came to `before`, if this was it then.
  Traffic since(const Traffic& before) const {
    return {bytes - before.bytes, messages - before.messages};
  }
};

/// Of one host, by its label in logs.
struct HostCounts {
  /// By the status that the client got; 0 where it got none.
  std::map<int, std::uint64_t> requests;
  /// All of those, for who has no time to add them up.
  std::uint64_t requests_ended = 0;
  /// Bodies of requests and responses.
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;

  std::uint64_t tunnels_begun = 0;
  std::uint64_t tunnels_ended = 0;
  /// The moments at which those began that are open, added up; whole, so that nothing of them is
  /// left at the end.
  std::chrono::milliseconds open_since{0};
  /// Payload of tunnels, as it goes along.
  Traffic from_client;
  Traffic from_upstream;

  /// Connections that were passed through and have ended, and those that are now.
  std::uint64_t passed_through = 0;
  std::uint64_t passing_through = 0;
  /// As it goes along.
  std::uint64_t passed_from_client = 0;
  std::uint64_t passed_from_upstream = 0;

  void add(const HostCounts& other);
};

/// A host that somebody has asked for, where Telemetry::hosts has it: there it stays.
using SeenHost = std::pair<const std::string, HostCounts>;

/// Of one upstream, by its name.
struct UpstreamCounts {
  /// By why a request or a tunnel got nothing (more) from it.
  std::map<Reason, std::uint64_t> errors;
  Histogram connect{kAnswerSeconds};
  /// From a request's last byte until the response's head.
  Histogram response{kAnswerSeconds};

  void add(const UpstreamCounts& other);
};

/// What a completed handshake was like.
struct HandshakeKind {
  std::string_view version;  // OpenSSL's own text
  /// Of the certificate; none where the session was resumed, which shows none.
  std::string_view key = "none";
  bool resumed = false;
  auto operator<=>(const HandshakeKind&) const = default;  // NOLINT(modernize-use-nullptr): misread
};

/// What one worker has done since the start, for metrics. Only names of the configuration are
/// keys, so that no client makes it grow; those that were configured once stay. Belongs to the
/// worker's thread: nothing is locked on the data path, and who wants to know asks there for a
/// copy.
struct Telemetry {
  std::uint64_t connections = 0;
  std::map<HandshakeKind, std::uint64_t> handshakes;
  /// By why they failed, once they had begun.
  std::map<Reason, std::uint64_t> failed_handshakes;
  /// From the hello to the end of the handshake.
  Histogram handshake{kAnswerSeconds};
  /// From a request's first byte to the last of its response, where an upstream was asked.
  Histogram request{kAnswerSeconds};
  Histogram tunnel_life{kLifeSeconds};
  TunnelCounts tunnel_ends;
  /// The same for series that never end: codes from 3000 and from 4000 on are one each.
  std::map<TunnelEnd, std::uint64_t> tunnel_end_classes;
  /// From a ping of ours to the first byte that came behind it.
  std::array<Histogram, 2> ping{Histogram(kAnswerSeconds), Histogram(kAnswerSeconds)};  // by side
  std::unordered_map<std::string, HostCounts> hosts;
  HostCounts no_host;
  std::unordered_map<std::string, UpstreamCounts> upstreams;

  /// A request, or a connection that was passed through, or a tunnel, that has ended.
  void ended(const Connection& connection, const AccessRecord& record);
  UpstreamCounts& of_upstream(std::string_view name);
  /// It failed a request or a tunnel, which may go to another endpoint.
  void upstream_error(std::string_view name, Reason reason);
  void add(const Telemetry& other);
};

}  // namespace wssgate::gateway
