#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace wssgate::gateway {

/// Counts the open client connections of all workers and refuses those beyond the limit.
class ConnectionGate {
 public:
  /// One place, given back when destroyed.
  class Place {
   public:
    explicit Place(ConnectionGate* gate) : gate_(gate) {}
    Place(Place&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (gate_ != nullptr) gate_->open_.fetch_sub(1, std::memory_order_relaxed);
    }
    explicit operator bool() const { return gate_ != nullptr; }

   private:
    ConnectionGate* gate_;
  };

  /// A false Place when `limit` connections are open.
  Place enter(std::uint64_t limit) {
    if (open_.fetch_add(1, std::memory_order_relaxed) < limit) return Place(this);
    open_.fetch_sub(1, std::memory_order_relaxed);
    return Place(nullptr);
  }

  std::uint64_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> open_{0};
};

}  // namespace wssgate::gateway
