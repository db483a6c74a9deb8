#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "gateway/snapshot.h"
#include "net/worker.h"

namespace wssgate::gateway {

/// Checks the endpoints of all upstreams that are configured with `health`, each on its own, and
/// logs when one is found unhealthy or healthy. Belongs to one worker's thread.
class HealthChecks {
 public:
  explicit HealthChecks(net::Worker& worker) : worker_(worker) {}
  HealthChecks(const HealthChecks&) = delete;
  HealthChecks& operator=(const HealthChecks&) = delete;

  /// From now on this snapshot's endpoints are checked, and no others.
  void adopt(const Snapshot& snapshot);
  /// Ends all checks, which takes turns of the loop until none is running().
  void stop();
  /// Any thread.
  bool running() const { return running_ > 0; }

 private:
  struct Check;
  using Checks = std::vector<std::shared_ptr<Check>>;

  void start(const std::shared_ptr<Check>& check);
  static asio::awaitable<void> run(HealthChecks& owner, std::shared_ptr<Check> check);

  net::Worker& worker_;
  Checks checks_;
  std::atomic<int> running_{0};
};

}  // namespace wssgate::gateway
