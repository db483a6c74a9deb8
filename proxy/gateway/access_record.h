#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "gateway/compact_id.h"

namespace wssgate::gateway {

struct Connection;

/// What one request, or the tunnel that it became, leaves in the access log: one line when it
/// ends. Paths come without their query: it may hold secrets.
struct AccessRecord {
  using Clock = std::chrono::steady_clock;

  Clock::time_point begun = Clock::now();
  std::string method;
  std::string path;
  /// The Host field.
  std::string authority;
  /// The same at the upstream and in the answer; empty where the configuration wants none.
  RequestId request_id;
  /// The configuration's texts: the connection's snapshot has them.
  std::string_view route;
  std::string_view upstream;
  std::string endpoint;
  /// The status the client got; 0 when it got none.
  int status = 0;
  /// Payload: bodies of a request, frames of a tunnel.
  std::uint64_t bytes_received = 0;
  std::uint64_t bytes_sent = 0;
  std::optional<Clock::duration> connect_time;
  /// From the request's last look at the upstream's silence: until its head came.
  std::optional<Clock::duration> upstream_time;

  /// The TLS of a connection that was passed through, not a request.
  bool passthrough = false;
  /// Of a tunnel.
  bool tunnel = false;
  /// Of the client's traceparent; none where there is no well-formed one, or no access log. Here
  /// it takes what would be padding.
  std::optional<HexId> trace_id;
  std::uint64_t messages_received = 0;
  std::uint64_t messages_sent = 0;
  std::optional<std::uint16_t> client_close_code;
  std::optional<std::uint16_t> upstream_close_code;
  /// Of our own, where we closed it.
  std::optional<std::uint16_t> proxy_close_code;

  Reason reason = Reason::none;
  /// Who ended it; for an ordinary response nobody in particular did.
  std::optional<Side> ended_by;
  std::string detail;

  void ended(const Error& error);
};

/// What becomes of a record's line.
enum class Line : std::uint8_t { written, left_out };

/// It has ended: counts it (Telemetry), and writes its line.
void conclude(const Connection& connection, const AccessRecord& record, Line line = Line::written);

}  // namespace wssgate::gateway
