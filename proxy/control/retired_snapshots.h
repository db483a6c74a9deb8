#pragma once

#include <memory>
#include <vector>

#include "gateway/snapshot.h"
#include "net/asio.h"

namespace wssgate::control {

/// What served before, until the last connection that began with it has ended: then it is destroyed
/// here and not by that connection, whose worker would stand still meanwhile (thousands of hosts
/// take tens of milliseconds). Belongs to the loop's thread.
class RetiredSnapshots {
 public:
  explicit RetiredSnapshots(asio::io_context& loop) : timer_(loop) {}

  void add(std::shared_ptr<const gateway::Snapshot> snapshot);

 private:
  void look_soon();
  void destroy_unused();

  std::vector<std::shared_ptr<const gateway::Snapshot>> all_;
  asio::steady_timer timer_;
};

}  // namespace wssgate::control
