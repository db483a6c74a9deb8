#include "gateway/open_endpoint.h"

#include <utility>

#include "gateway/proxy_header.h"
#include "net/dial.h"

namespace wssgate::gateway {

asio::awaitable<Result<std::unique_ptr<net::Stream>>> open_endpoint(
    Connection& connection, const upstream::Upstream& upstream, const upstream::Endpoint& endpoint,
    AccessRecord& record) {
  record.endpoint = endpoint.text;
  connection.waiter.expires_after(connection.snapshot->config.timeouts.connect,
                                  Reason::upstream_connect_timeout, Side::upstream);
  const auto begun = AccessRecord::Clock::now();
  auto dialed =
      co_await net::dial(connection.gateway.worker().poller(), endpoint.address, connection.waiter);
  if (!dialed) co_return std::move(dialed).error();
  record.connect_time = AccessRecord::Clock::now() - begun;
  auto sent = (*dialed)->send(proxy_header(connection, upstream.proxy_header()));
  if (!sent) co_return std::move(sent).error();
  co_return std::unique_ptr<net::Stream>(*std::move(dialed));
}

}  // namespace wssgate::gateway
