#pragma once

#include <memory>
#include <utility>

#include "upstream/endpoint.h"
#include "upstream/queue.h"

namespace wssgate::upstream {

/// One request or tunnel under way at an endpoint: counted there until released or destroyed.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&& other) noexcept {
    if (this == &other) return *this;
    release();
    endpoint_ = std::move(other.endpoint_);
    queue_ = std::move(other.queue_);
    return *this;
  }
  ~Lease() { release(); }

  /// An empty one when the member has its max_connections. `queue`: who is told when it ends.
  static Lease take(const Member& member, std::shared_ptr<Queue> queue) {
    std::atomic<std::uint32_t>& count = member.endpoint->connections;
    std::uint32_t now = count;
    do {
      if (member.max_connections != 0 && now >= member.max_connections) return {};
    } while (!count.compare_exchange_weak(now, now + 1));
    return {member.endpoint, std::move(queue)};
  }

  explicit operator bool() const { return endpoint_ != nullptr; }
  /// Null once released.
  const std::shared_ptr<Endpoint>& endpoint() const { return endpoint_; }

  void release() {
    if (!endpoint_) return;
    endpoint_->connections.fetch_sub(1);
    endpoint_.reset();
    std::exchange(queue_, nullptr)->place_is_free();
  }

 private:
  Lease(std::shared_ptr<Endpoint> endpoint, std::shared_ptr<Queue> queue)
      : endpoint_(std::move(endpoint)), queue_(std::move(queue)) {}

  std::shared_ptr<Endpoint> endpoint_;
  std::shared_ptr<Queue> queue_;
};

}  // namespace wssgate::upstream
