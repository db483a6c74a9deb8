#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "pki/tls_peer.h"

namespace wssgate::upstream {

/// One address of an upstream. Shared by all workers.
struct Endpoint {
  SocketAddress address;
  /// What logs show: as the operator wrote it, with the address where that is a name.
  std::string text;
  /// Whom it has to prove to be, and the sessions to resume with it; null: plain.
  std::shared_ptr<pki::TlsPeer> tls = nullptr;
};

/// Where a route leads: one or more endpoints that are all as good. Shared by all workers.
class Upstream {
 public:
  Upstream(std::string name, std::vector<std::shared_ptr<const Endpoint>> endpoints)
      : name_(std::move(name)), endpoints_(std::move(endpoints)) {}

  const std::string& name() const { return name_; }
  std::size_t size() const { return endpoints_.size(); }
  const std::vector<std::shared_ptr<const Endpoint>>& endpoints() const { return endpoints_; }

  /// Where the next request's turn begins (round robin); at_turn(turn), at_turn(turn + 1) … size()
  /// times visits each endpoint once.
  std::size_t next_turn() { return turn_.fetch_add(1, std::memory_order_relaxed); }
  const std::shared_ptr<const Endpoint>& at_turn(std::size_t turn) const {
    return endpoints_[turn % endpoints_.size()];
  }

 private:
  std::string name_;
  std::vector<std::shared_ptr<const Endpoint>> endpoints_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace wssgate::upstream
