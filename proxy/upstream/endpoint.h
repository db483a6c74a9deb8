#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/address.h"
#include "upstream/health.h"

namespace wssgate::upstream {

/// One address of an upstream, and how it does. Shared by all workers and, as long as it is
/// configured, by all snapshots.
struct Endpoint {
  Endpoint(const SocketAddress& where, std::string label)
      : address(where), text(std::move(label)) {}

  const SocketAddress address;
  /// What logs show: as the operator wrote it, with the address where that is a name.
  const std::string text;
  /// Requests and tunnels under way (Lease). Idle connections that are kept do not count.
  std::atomic<std::uint32_t> connections{0};
  Health health;
};

/// An endpoint, and what one configuration says of it.
struct Member {
  std::shared_ptr<Endpoint> endpoint;
  std::uint32_t weight = 1;
  bool backup = false;
  /// 0: no limit.
  std::uint32_t max_connections = 0;

  bool operator==(const Member&) const = default;
};

}  // namespace wssgate::upstream
