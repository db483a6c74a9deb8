#pragma once

#include <memory>

#include "gateway/access_record.h"
#include "gateway/connection.h"
#include "net/stream.h"
#include "upstream/upstream.h"

namespace wssgate::gateway {

/// A connection to one endpoint of an upstream, in use by one request or one tunnel.
struct UpstreamLink {
  /// Counts it at its endpoint.
  upstream::Lease lease;
  std::unique_ptr<net::Stream> stream;
  /// It was kept from an earlier request (upstream::ConnectionPool).
  bool reused = false;
};

/// Finds an endpoint of `upstream` that takes the connection, in the order that it gives for
/// `hash` (request_hash): a kept connection if `may_reuse`, else a new one; the next endpoint where
/// one cannot be reached. Waits in the upstream's queue while all have their max_connections, and
/// as long as `client` is there. No byte has been sent yet. `record` gets the upstream, the
/// endpoint and the time. Errors: upstream_unavailable when there is none to try, upstream_busy,
/// upstream_queue_timeout, else the last endpoint's.
asio::awaitable<Result<UpstreamLink>> link_upstream(Connection& connection,
                                                    const net::Stream& client,
                                                    upstream::Upstream& upstream,
                                                    std::uint64_t hash, bool may_reuse,
                                                    AccessRecord& record);

}  // namespace wssgate::gateway
