#include "gateway/upstream_link.h"

#include <utility>

#include "gateway/open_endpoint.h"

namespace wssgate::gateway {
namespace {

/// Nothing has been sent yet. What is short here, or ends this connection, does so elsewhere too.
bool worth_another_endpoint(const Error& error) { return error.side == Side::upstream; }

UpstreamLink make_link(Connection& connection, upstream::Lease lease,
                       std::unique_ptr<net::Stream> stream, bool reused) {
  stream->attach(&connection.waiter);
  return {std::move(lease), std::move(stream), reused};
}

/// Waits its turn, and then for a place that becomes free.
asio::awaitable<Result<upstream::Lease>> queue_up(Connection& connection,
                                                  const upstream::Upstream& upstream,
                                                  const upstream::Draw& draw,
                                                  const upstream::Tried& tried) {
  const upstream::Terms& terms = upstream.terms();
  const auto place =
      upstream::Queue::join(upstream.queue(), terms.queue_length,
                            connection.gateway.worker().loop().get_executor(), connection.waiter);
  if (!place) co_return Error(Reason::upstream_busy, Side::proxy);
  connection.waiter.expires_after(terms.queue_timeout, Reason::upstream_queue_timeout, Side::proxy);
  for (;;) {
    if (place.is_in_front()) {
      auto lease = upstream.take(draw, tried);
      if (lease || lease.error().reason != Reason::upstream_busy) co_return lease;
    }
    auto waited = co_await connection.waiter.wait();
    if (!waited) co_return std::move(waited).error();
    if (connection.stream && connection.stream->broken()) {
      co_return Error(Reason::client_reset, Side::client, "reset while it waited for an endpoint");
    }
  }
}

asio::awaitable<Result<upstream::Lease>> take_place(Connection& connection,
                                                    const upstream::Upstream& upstream,
                                                    const upstream::Draw& draw,
                                                    const upstream::Tried& tried) {
  if (upstream.queue()->waiting() == 0) {
    auto lease = upstream.take(draw, tried);
    if (lease || lease.error().reason != Reason::upstream_busy) co_return lease;
  }
  auto lease = co_await queue_up(connection, upstream, draw, tried);
  co_return lease;
}

}  // namespace

asio::awaitable<Result<UpstreamLink>> link_upstream(Connection& connection,
                                                    upstream::Upstream& upstream,
                                                    std::uint64_t hash, bool may_reuse,
                                                    AccessRecord& record) {
  record.upstream = upstream.name();
  const upstream::Draw draw = upstream.draw(hash);
  upstream::Tried tried;
  Error failure(Reason::upstream_unavailable, Side::upstream, "no endpoint has an address");
  for (const upstream::Member& member : upstream.members()) {
    if (!connection.gateway.drains().name(*member.endpoint)) continue;
    tried.push_back(member.endpoint.get());
    failure.context = "all endpoints that can be tried are drained";
  }
  while (tried.size() < upstream.size()) {
    auto lease = co_await take_place(connection, upstream, draw, tried);
    if (!lease) co_return std::move(lease).error();
    const auto endpoint = lease->endpoint();
    if (may_reuse) {
      if (auto kept = connection.gateway.pool().take(*endpoint)) {
        record.endpoint = endpoint->text;
        co_return make_link(connection, *std::move(lease), std::move(kept), true);
      }
    }
    auto opened = co_await open_endpoint(connection, upstream, *endpoint, record);
    if (opened) co_return make_link(connection, *std::move(lease), *std::move(opened), false);
    failure = std::move(opened).error();
    if (!worth_another_endpoint(failure)) break;
    upstream.failed(*endpoint, failure.text());
    tried.push_back(endpoint.get());
  }
  co_return failure;
}

}  // namespace wssgate::gateway
