#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"

namespace wssgate::upstream {

/// One address of an upstream. Shared by all workers.
struct Endpoint {
  SocketAddress address;
  /// What logs show: as the operator wrote it, with the address where that is a name.
  std::string text;
};

/// How a connection to an upstream begins: with a PROXY header (v2_ssl: with the facts of the
/// client's TLS), or with its first byte.
enum class ProxyHeader : std::uint8_t { none, v1, v2, v2_ssl };

/// Where a route leads: one or more endpoints that are all as good. Shared by all workers.
class Upstream {
 public:
  Upstream(std::string name, std::vector<std::shared_ptr<const Endpoint>> endpoints,
           ProxyHeader proxy_header = ProxyHeader::none)
      : name_(std::move(name)), endpoints_(std::move(endpoints)), proxy_header_(proxy_header) {}

  const std::string& name() const { return name_; }
  std::size_t size() const { return endpoints_.size(); }
  const std::vector<std::shared_ptr<const Endpoint>>& endpoints() const { return endpoints_; }

  ProxyHeader proxy_header() const { return proxy_header_; }
  /// A connection that began with a PROXY header speaks for one client, and serves no other.
  bool shares_connections() const { return proxy_header_ == ProxyHeader::none; }

  /// Where the next request's turn begins (round robin); at_turn(turn), at_turn(turn + 1) … size()
  /// times visits each endpoint once.
  std::size_t next_turn() { return turn_.fetch_add(1, std::memory_order_relaxed); }
  const std::shared_ptr<const Endpoint>& at_turn(std::size_t turn) const {
    return endpoints_[turn % endpoints_.size()];
  }

 private:
  std::string name_;
  std::vector<std::shared_ptr<const Endpoint>> endpoints_;
  ProxyHeader proxy_header_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace wssgate::upstream
