#pragma once

#include <memory>
#include <string>

#include "gateway/access_record.h"
#include "gateway/connection.h"
#include "gateway/upstream_link.h"

namespace wssgate::gateway {

/// What a connection becomes when both sides agreed on WebSocket.
struct Upgraded {
  UpstreamLink upstream;
  /// Bytes that came together with the upgrade request, and with the 101: the first to be relayed.
  std::string from_client;
  std::string from_upstream;
  AccessRecord record;
  const config::WebSocketTerms& terms;
};

/// Serves HTTP/1.1 (RFC 9112) on the connection's stream, one request after the other, until it
/// ends (null) or becomes a tunnel. Writes an access line for each request that ends here.
asio::awaitable<std::unique_ptr<Upgraded>> serve_http(Connection& connection);

}  // namespace wssgate::gateway
