#include "gateway/memory_return.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>

namespace wssgate::gateway {
namespace {

// Fewer are not worth it: giving back takes about as long as the kernel needs to take the pages,
// 0.1 ms a thousand tunnels.
constexpr std::size_t kMany = 500;
constexpr std::chrono::seconds kLater{2};

}  // namespace

void MemoryReturn::opened(std::size_t open) {
  open_ = open;
  most_ = std::max(most_, open);
}

void MemoryReturn::closed(std::size_t open) {
  open_ = open;
  if (waiting_ || most_ < kMany || open > most_ / 2) return;
  waiting_ = true;
  wake_at(net::Loop::Clock::now() + kLater);
}

void MemoryReturn::woken() {
  waiting_ = false;
  most_ = open_;
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

}  // namespace wssgate::gateway
