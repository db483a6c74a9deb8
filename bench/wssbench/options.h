#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace wssgate::bench {

using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Nanoseconds = std::chrono::nanoseconds;

enum class Mode : std::uint8_t { handshake, echo, push, bulk, get, idle, storm, mixed };
enum class Handshake : std::uint8_t { full, resumed, upgrade };
enum class Direction : std::uint8_t { up, down };

std::string_view mode_name(Mode mode);
/// What one unit of the mode's work is called in JSON: handshake, message, byte, request, tunnel.
std::string_view work_unit(Mode mode);

/// What the command line asks for. Immutable while a run goes on.
struct Options {
  Mode mode = Mode::echo;
  std::string url;
  Handshake kind = Handshake::full;
  Direction direction = Direction::down;

  std::size_t connections = 0;  ///< 0: the mode's own number
  Duration duration{10'000};
  Duration warmup{1'000};
  std::size_t threads = 0;  ///< 0: half the processors
  /// A second, over all connections; 0: closed loop.
  double rate = 0;
  std::size_t size = 0;  ///< of a message; 0: the mode's own
  double ramp = 1'000;   ///< connections a second
  Duration hold{10'000};
  bool echo_at_end = false;

  std::vector<std::string> sources;
  std::string connect;
  std::string tls;  ///< "1.2", "1.3" or empty
  std::string ciphers;
  std::string groups;
  double resume = 0;
  std::string ca;
  bool insecure = false;
  std::string subprotocol;
  std::vector<std::string> headers;
  bool text = false;
  std::string echo_prefix;
  std::string subscribe;
  std::string scenario;
  Duration timeout{10'000};

  std::string json;
  std::string html;
  bool quiet = false;
  std::optional<pid_t> pid;

  bool open_loop() const { return rate > 0; }
};

}  // namespace wssgate::bench
