#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "control/server.h"
#include "gateway/drains.h"
#include "net/asio.h"

namespace wssgate::control {

/// How often a drain that goes on says so.
inline constexpr std::chrono::seconds kDrainProgress{5};

/// One line of the log: what is left of a drain, and how long it may take.
void log_drain_progress(const gateway::DrainTarget& target, const Server& server,
                        std::chrono::steady_clock::time_point deadline);

/// The hosts and endpoints that are taken out of service while the rest goes on. They stay out,
/// over reloads too, until they are resumed. Belongs to the loop's thread.
class PartialDrains {
 public:
  struct Drain {
    gateway::DrainTarget target;
    std::chrono::steady_clock::time_point deadline;
    /// No tunnel was left when it was last looked.
    bool over = false;
  };
  struct Outcome {
    /// As it is called from now on: a host by its first name.
    gateway::DrainTarget target;
    std::string error;
    bool ok() const { return error.empty(); }
  };

  PartialDrains(asio::io_context& loop, Server& server) : server_(server), timer_(loop) {}

  /// Again for a target that is out already: what has come to it since is closed too.
  Outcome begin(const gateway::DrainTarget& target);
  Outcome resume(const gateway::DrainTarget& target);

  const std::vector<Drain>& all() const { return drains_; }

 private:
  Outcome identify(const gateway::DrainTarget& target) const;
  Outcome identify_host(const gateway::DrainTarget& target) const;
  Outcome identify_endpoint(const gateway::DrainTarget& target) const;
  bool is_under_way() const;
  void look_later();
  void look();

  Server& server_;
  asio::steady_timer timer_;
  std::vector<Drain> drains_;
};

}  // namespace wssgate::control
