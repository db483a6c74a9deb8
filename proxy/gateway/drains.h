#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"
#include "gateway/route_table.h"
#include "gateway/tunnel_relay.h"
#include "upstream/upstream.h"

namespace wssgate::gateway {

/// What is taken out of service.
struct DrainTarget {
  enum class Kind : std::uint8_t { everything, host, endpoint };
  Kind kind = Kind::everything;
  /// One of the host's configured names; the endpoint as configured, or its address.
  std::string name;

  bool covers(const Host& host) const;
  bool covers(const upstream::Endpoint& endpoint) const;
  /// "everything", "host a.example".
  std::string text() const;
  bool operator==(const DrainTarget&) const = default;
};

/// How a drain goes in one worker.
struct DrainTerms {
  Duration limit;
  /// Its place among the workers, from 0 to below 1: they take turns in closing.
  double phase = 0;
};

/// In which time a drain closes its tunnels: one after the other, so that their clients do not all
/// come back at once, and the last of them early enough to answer.
class DrainWindow {
 public:
  DrainWindow(TunnelClock::time_point begun, const DrainTerms& terms);

  /// The order for number `index` of `count` tunnels.
  CloseOrder order(std::size_t index, std::size_t count) const;
  /// For a tunnel that has only just come to be.
  CloseOrder order_now() const;
  TunnelClock::time_point until() const { return until_; }

 private:
  TunnelClock::time_point begun_;
  Duration spread_;
  double phase_;
  TunnelClock::time_point until_;
};

/// What one worker has been told to drain, until it is told otherwise.
class Drains {
 public:
  /// One for the same target takes the place of the one before.
  void add(const DrainTarget& target, const DrainWindow& window);
  void remove(const DrainTarget& target);

  /// Its time has come, and it has not been undone or begun anew.
  bool is_over(const DrainTarget& target, TunnelClock::time_point now) const;
  /// Named themselves; in a drain of everything, hosts and endpoints serve what is still there.
  bool name(const Host& host) const;
  bool name(const upstream::Endpoint& endpoint) const;
  /// The first drain that a tunnel of both comes under.
  const DrainWindow* window_for(const Host& host, const upstream::Endpoint& endpoint) const;

 private:
  struct Drain {
    DrainTarget target;
    DrainWindow window;
  };
  std::vector<Drain> drains_;
};

}  // namespace wssgate::gateway
