#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/units.h"
#include "gateway/telemetry.h"

namespace wssgate::gateway {

struct Connection;

/// Which open connections are meant: those that fit everything that is given.
struct ConnectionFilter {
  std::optional<std::int64_t> id;
  /// One of a host's configured names.
  std::string host;
  std::optional<Network> client;
  Duration older_than{0};

  bool covers(const Connection& connection, TelemetryClock::time_point now) const;
};

/// What is known of an open connection; a copy, for other threads.
struct OpenConnection {
  std::int64_t id = 0;
  std::string client;
  std::string server_name;
  /// Its host's label; empty before the ClientHello has told.
  std::string host;
  std::string_view tls;
  /// Since it was accepted; whole seconds.
  Duration age{0};
  /// "opening", "http", "tunnel" or "passthrough".
  std::string_view phase;
  /// Of a tunnel, or what is passed through.
  std::string endpoint;
  /// Of a tunnel.
  Traffic from_client;
  Traffic from_upstream;
};

OpenConnection describe(const Connection& connection, TelemetryClock::time_point now);

/// A tunnel gets a Close frame with this code (RFC 6455 §7.4); anything else is cut.
void close_connection(Connection& connection, std::uint16_t code, TelemetryClock::time_point now);

/// May stand in a Close frame that we send (RFC 6455 §7.4): 1000 to 1014 but for those that never
/// do, and 3000 to 4999.
bool is_close_code(std::uint32_t code);

}  // namespace wssgate::gateway
