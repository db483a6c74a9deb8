#include "control/retired_snapshots.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace wssgate::control {
namespace {

constexpr std::chrono::seconds kLookAgain{1};
// Below that, what the allocator keeps for next time is not worth the walk through its memory.
constexpr std::size_t kManyHosts = 500;

}  // namespace

void RetiredSnapshots::add(std::shared_ptr<const gateway::Snapshot> snapshot) {
  all_.push_back(std::move(snapshot));
  if (all_.size() == 1) look_soon();
}

void RetiredSnapshots::look_soon() {
  timer_.expires_after(kLookAgain);
  timer_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    destroy_unused();
    if (!all_.empty()) look_soon();
  });
}

void RetiredSnapshots::destroy_unused() {
  // Nobody else can take one again: whoever has none gets the one that serves.
  const auto unused = std::partition(all_.begin(), all_.end(),
                                     [](const auto& snapshot) { return snapshot.use_count() > 1; });
  const bool many = std::any_of(unused, all_.end(), [](const auto& snapshot) {
    return snapshot->config.hosts.size() >= kManyHosts;
  });
  all_.erase(unused, all_.end());
#ifdef __GLIBC__
  // Each reload has its own thread and with it, often, its own heap: what they keep adds up.
  if (many) ::malloc_trim(0);
#endif
}

}  // namespace wssgate::control
