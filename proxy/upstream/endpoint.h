#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "base/address.h"
#include "pki/tls_peer.h"
#include "upstream/health.h"

namespace wssgate::upstream {

/// How an endpoint does. Shared by all workers.
struct EndpointState {
  /// Requests and tunnels under way (Lease). Idle connections that are kept do not count.
  std::atomic<std::uint32_t> connections{0};
  Health health;
};

/// One address of an upstream, and what is spoken there. Shared by all workers and, as long as it
/// is configured, by all snapshots.
struct Endpoint {
  Endpoint(const SocketAddress& where, std::string label,
           std::shared_ptr<pki::TlsPeer> peer = nullptr,
           std::shared_ptr<EndpointState> its = std::make_shared<EndpointState>())
      : address(where), text(std::move(label)), tls(std::move(peer)), state(std::move(its)) {}
  /// The same one on other TLS terms.
  Endpoint(const Endpoint& same, std::shared_ptr<pki::TlsPeer> peer)
      : Endpoint(same.address, same.text, std::move(peer), same.state) {}

  /// It is one of the addresses that this name, as configured, led to.
  bool is_of_name(const std::string& configured) const {
    return text.starts_with(configured + " (");
  }

  const SocketAddress address;
  /// What logs show: as the operator wrote it, with the address where that is a name.
  const std::string text;
  /// Whom it has to prove to be, and the sessions to resume with it; null: plain.
  const std::shared_ptr<pki::TlsPeer> tls;
  const std::shared_ptr<EndpointState> state;
  std::atomic<std::uint32_t>& connections = state->connections;
  Health& health = state->health;
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
