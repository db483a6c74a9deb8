#pragma once

#include <cstddef>

#include "net/asio.h"

namespace wssgate::gateway {

/// Gives memory back to the system when many of a worker's connections have ended: the allocator
/// would keep what they had for as long as the process lives. A while later, so that a crowd that
/// comes back at once finds it. Belongs to one worker.
class MemoryReturn {
 public:
  explicit MemoryReturn(asio::io_context& loop) : timer_(loop) {}
  MemoryReturn(const MemoryReturn&) = delete;
  MemoryReturn& operator=(const MemoryReturn&) = delete;

  /// So many connections are open now.
  void opened(std::size_t open);
  void closed(std::size_t open);

 private:
  void give_back();

  asio::steady_timer timer_;
  std::size_t open_ = 0;
  std::size_t most_ = 0;  // since memory was given back last
  bool waiting_ = false;
};

}  // namespace wssgate::gateway
