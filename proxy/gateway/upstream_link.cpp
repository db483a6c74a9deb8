#include "gateway/upstream_link.h"

#include <utility>

#include "gateway/open_endpoint.h"

namespace wssgate::gateway {
namespace {

bool worth_another_endpoint(const Error& error) {
  return error.reason == Reason::upstream_refused ||
         error.reason == Reason::upstream_connect_timeout;
}

UpstreamLink make_link(Connection& connection, std::shared_ptr<const upstream::Endpoint> endpoint,
                       std::unique_ptr<net::Stream> stream, bool reused) {
  stream->attach(&connection.waiter);
  return {std::move(endpoint), std::move(stream), reused};
}

}  // namespace

asio::awaitable<Result<UpstreamLink>> link_upstream(Connection& connection,
                                                    upstream::Upstream& upstream, bool may_reuse,
                                                    AccessRecord& record) {
  record.upstream = upstream.name();
  Error failure(Reason::upstream_unavailable, Side::upstream, "no endpoint has an address");
  const std::size_t turn = upstream.next_turn();
  for (std::size_t i = 0; i < upstream.size(); ++i) {
    const auto& endpoint = upstream.at_turn(turn + i);
    if (connection.gateway.drains().name(*endpoint)) {
      failure.context = "all endpoints that can be tried are drained";
      continue;
    }
    if (may_reuse) {
      if (auto kept = connection.gateway.pool().take(*endpoint)) {
        record.endpoint = endpoint->text;
        co_return make_link(connection, endpoint, std::move(kept), true);
      }
    }
    auto opened = co_await open_endpoint(connection, *endpoint, record);
    if (opened) co_return make_link(connection, endpoint, *std::move(opened), false);
    failure = std::move(opened).error();
    if (!worth_another_endpoint(failure)) break;
  }
  co_return failure;
}

}  // namespace wssgate::gateway
