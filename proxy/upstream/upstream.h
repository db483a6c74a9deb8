#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "upstream/balancer.h"
#include "upstream/lease.h"

namespace wssgate::upstream {

/// What requests are hashed by: the first that a request has; empty names are not looked at.
struct HashSource {
  std::string header;
  std::string cookie;
  std::string query;

  bool operator==(const HashSource&) const = default;
};

/// How a connection to an upstream begins: with a PROXY header (v2_ssl: with the facts of the
/// client's TLS), or with its first byte.
enum class ProxyHeader : std::uint8_t { none, v1, v2, v2_ssl };

/// How an upstream's requests are shared out.
struct Terms {
  ProxyHeader proxy_header = ProxyHeader::none;
  Balance balance = Balance::least_connections;
  HashSource hash;
  std::size_t queue_length = 0;
  Duration queue_timeout{0};
  EjectionRules ejection;
  /// 0: none.
  Duration slow_start{0};

  bool operator==(const Terms&) const = default;
};

/// Where a route leads: one or more endpoints, any of which may get a request. Shared by all
/// workers; any thread.
class Upstream {
 public:
  /// `queue` is the same one for all that the upstream of this name ever was, since those who wait
  /// in it share its endpoints.
  Upstream(std::string name, std::vector<Member> members, Terms terms,
           std::shared_ptr<Queue> queue);

  const std::string& name() const { return name_; }
  std::size_t size() const { return members_.size(); }
  const std::vector<Member>& members() const { return members_; }
  const Terms& terms() const { return terms_; }
  const std::shared_ptr<Queue>& queue() const { return queue_; }

  /// A connection that began with a PROXY header speaks for one client, and serves no other.
  bool shares_connections() const { return terms_.proxy_header == ProxyHeader::none; }

  /// The next request's. `hash`: of what it is hashed by.
  Draw draw(std::uint64_t hash);

  /// A place at the endpoint that the request goes to. Errors: upstream_unavailable when all have
  /// been tried, upstream_busy when those that are left have their max_connections.
  Result<Lease> take(const Draw& draw, const Tried& tried) const;

  /// What a request met at an endpoint; logs what changes. `failed` is for what is the endpoint's
  /// fault alone: no connection, no answer or a broken one, 502 and 504.
  void failed(Endpoint& endpoint, std::string_view why) const;
  /// `asked`: when the request that succeeded began.
  void succeeded(Endpoint& endpoint, Health::TimePoint asked) const;

 private:
  const std::string name_;
  const std::vector<Member> members_;
  const Terms terms_;
  const std::shared_ptr<Queue> queue_;
  /// Two processes do not draw the same.
  const std::uint64_t seed_;
  std::atomic<std::uint64_t> turn_{0};
};

}  // namespace wssgate::upstream
