#pragma once

#include <cstddef>

#include "net/sleeper.h"

namespace wssgate::gateway {

/// Gives memory back to the system when many of a worker's connections have ended: the allocator
/// would keep what they had for as long as the process lives. A while later, so that a crowd that
/// comes back at once finds it. Belongs to one worker.
class MemoryReturn final : private net::Sleeper {
 public:
  explicit MemoryReturn(net::Loop& loop) : Sleeper(loop) {}

  /// So many connections are open now.
  void opened(std::size_t open);
  void closed(std::size_t open);

 private:
  void woken() override;

  std::size_t open_ = 0;
  std::size_t most_ = 0;  // since memory was given back last
  bool waiting_ = false;
};

}  // namespace wssgate::gateway
