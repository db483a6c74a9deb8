#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "base/error.h"
#include "gateway/address_limits.h"
#include "gateway/connection_gate.h"

namespace wssgate::gateway {

/// How often something was refused since the start, by reason. Shared by all workers.
class RefusalCounts {
 public:
  void add(Reason reason) { at(reason).fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t of(Reason reason) const {
    return counts_[static_cast<std::size_t>(reason)].load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t>& at(Reason reason) {
    return counts_[static_cast<std::size_t>(reason)];
  }
  std::array<std::atomic<std::uint64_t>, kReasonCount> counts_{};
};

/// What all workers count together to keep to `limits`.
struct Admission {
  ConnectionGate connections;
  /// TLS handshakes in flight.
  ConnectionGate handshakes;
  AddressLimits addresses;
  RefusalCounts refused;
};

}  // namespace wssgate::gateway
