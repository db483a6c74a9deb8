#pragma once

#include <memory>

#include "gateway/access_record.h"
#include "gateway/connection.h"
#include "net/stream.h"
#include "upstream/upstream.h"

namespace wssgate::gateway {

/// A connection to one endpoint of an upstream, in use by one request or one tunnel.
struct UpstreamLink {
  std::shared_ptr<const upstream::Endpoint> endpoint;
  std::unique_ptr<net::Stream> stream;
  /// It was kept from an earlier request (upstream::ConnectionPool).
  bool reused = false;
};

/// Finds an endpoint of `upstream` that takes the connection: a kept connection if `may_reuse`,
/// else a new one; the next endpoint where one cannot be reached. No byte has been sent yet.
/// `record` gets the upstream, the endpoint and the time. Errors: upstream_unavailable when there
/// is none to try, else the last endpoint's.
asio::awaitable<Result<UpstreamLink>> link_upstream(Connection& connection,
                                                    upstream::Upstream& upstream, bool may_reuse,
                                                    AccessRecord& record);

}  // namespace wssgate::gateway
