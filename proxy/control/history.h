#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "gateway/admission.h"
#include "gateway/figures.h"

namespace wssgate::control {

/// The last hour, as charts and lists of what is recent show it. Its memory is bounded: all hosts
/// together always, and the kMostHosts busiest ones by themselves. Belongs to one thread; the
/// clock is the caller's.
class History {
 public:
  using Clock = std::chrono::steady_clock;
  using TimePoint = Clock::time_point;
  using Refusals = std::array<std::uint64_t, kReasonCount>;

  static constexpr std::chrono::seconds kStep{10};
  static constexpr std::size_t kSteps = 360;
  static constexpr std::size_t kMostHosts = 64;

  /// One step. All but what is open are rates, a second.
  struct Point {
    float tunnels = 0;
    float passing_through = 0;
    float requests = 0;
    float messages = 0;
    float bytes_from_clients = 0;
    float bytes_from_upstreams = 0;
  };
  using Points = std::deque<Point>;
  struct Host {
    Points points;  ///< oldest first; the last one is of the same moment for all
    /// What it has had lately, weighed so that an hour ago counts little.
    double busy = 0;
  };

  /// Once every kStep; the first one is what the others are compared with. `now` is when `figures`
  /// were taken.
  void add(TimePoint now, const gateway::Figures& figures, const Refusals& refusals);

  const Points& all() const { return all_.points; }
  /// How many there have been, those that are forgotten too: which one the last point is.
  std::uint64_t steps() const { return steps_; }
  const std::unordered_map<std::string, Host>& hosts() const { return hosts_; }

  /// What has come since about an hour ago, or since the first step; nothing before that.
  struct Recent {
    std::chrono::seconds span{0};
    std::map<gateway::TunnelEnd, std::uint64_t> tunnel_ends;
    Refusals refusals{};
  };
  Recent recent(TimePoint now, const gateway::Figures& figures, const Refusals& refusals) const;

 private:
  struct Totals {
    TimePoint at;
    std::map<gateway::TunnelEnd, std::uint64_t> tunnel_ends;
    Refusals refusals{};
  };
  struct Before {
    TimePoint at;
    gateway::HostFigures all;
    std::unordered_map<std::string, gateway::HostFigures> hosts;
  };

  void keep_totals(TimePoint now, const gateway::Figures& figures, const Refusals& refusals);
  void admit(const std::string& host, const Point& point);

  std::optional<Before> before_;
  Host all_;
  std::uint64_t steps_ = 0;
  std::unordered_map<std::string, Host> hosts_;
  std::deque<Totals> totals_;
};

/// All of them at one moment.
History::Refusals refusals_of(const gateway::RefusalCounts& counts);

}  // namespace wssgate::control
