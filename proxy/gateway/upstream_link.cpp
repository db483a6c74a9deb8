#include "gateway/upstream_link.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "gateway/open_endpoint.h"

namespace wssgate::gateway {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kBetweenLooks{250};

/// Nothing has been sent yet. What is short here, or ends this connection, does so elsewhere too.
bool worth_another_endpoint(const Error& error) { return error.side == Side::upstream; }

UpstreamLink make_link(Connection& connection, upstream::Lease lease,
                       std::unique_ptr<net::Stream> stream, bool reused) {
  stream->attach(&connection.waiter);
  return {std::move(lease), std::move(stream), reused};
}

/// Endpoints that are drained get nothing, whatever else there is.
void leave_out_drained(const Connection& connection, const upstream::Upstream& upstream,
                       upstream::Tried& tried) {
  for (const upstream::Member& member : upstream.members()) {
    const upstream::Endpoint* const endpoint = member.endpoint.get();
    if (!connection.gateway.drains().name(*endpoint)) continue;
    if (std::find(tried.begin(), tried.end(), endpoint) == tried.end()) tried.push_back(endpoint);
  }
}

/// One that is still to be answered and has ended takes no answer; what is passed through may have
/// said all that it has to say.
Result<void> check_client(const Connection& connection, const net::Stream& client) {
  const bool answered_here = connection.stream != nullptr;
  if (!client.broken() && !(answered_here && client.peer_ended())) return {};
  return Error(client.broken() ? Reason::client_reset : Reason::client_closed, Side::client,
               "left while it waited for an endpoint");
}

/// Waits its turn, and then for a place that becomes free. It looks now and then all the same: an
/// endpoint may come back, and the client go.
asio::awaitable<Result<upstream::Lease>> queue_up(Connection& connection, const net::Stream& client,
                                                  const upstream::Upstream& upstream,
                                                  const upstream::Draw& draw,
                                                  upstream::Tried& tried) {
  const upstream::Terms& terms = upstream.terms();
  const auto place = upstream::Queue::join(upstream.queue(), &upstream, terms.queue_length,
                                           connection.gateway.worker().loop(), connection.waiter);
  if (!place) co_return Error(Reason::upstream_busy, Side::proxy);
  const auto give_up = Clock::now() + terms.queue_timeout;
  for (;;) {
    leave_out_drained(connection, upstream, tried);
    if (place.is_in_front()) {
      auto lease = upstream.take(draw, tried);
      if (lease || lease.error().reason != Reason::upstream_busy) co_return lease;
    }
    if (Clock::now() >= give_up) co_return Error(Reason::upstream_queue_timeout, Side::proxy);
    connection.waiter.wakes_at(std::min(give_up, Clock::now() + kBetweenLooks));
    auto waited = co_await connection.waiter.wait();
    if (!waited) co_return std::move(waited).error();
    auto there = check_client(connection, client);
    if (!there) co_return std::move(there).error();
  }
}

asio::awaitable<Result<upstream::Lease>> take_place(Connection& connection,
                                                    const net::Stream& client,
                                                    const upstream::Upstream& upstream,
                                                    const upstream::Draw& draw,
                                                    upstream::Tried& tried) {
  if (!upstream.queue()->is_before(&upstream)) {
    auto lease = upstream.take(draw, tried);
    if (lease || lease.error().reason != Reason::upstream_busy) co_return lease;
  }
  auto lease = co_await queue_up(connection, client, upstream, draw, tried);
  co_return lease;
}

}  // namespace

asio::awaitable<Result<UpstreamLink>> link_upstream(Connection& connection,
                                                    const net::Stream& client,
                                                    upstream::Upstream& upstream,
                                                    std::uint64_t hash, bool may_reuse,
                                                    AccessRecord& record) {
  record.upstream = upstream.name();
  Telemetry& telemetry = connection.gateway.telemetry();
  const upstream::Draw draw = upstream.draw(hash);
  upstream::Tried tried;
  Error failure(Reason::upstream_unavailable, Side::upstream, "no endpoint has an address");
  leave_out_drained(connection, upstream, tried);
  if (!tried.empty()) failure.context = "all endpoints that can be tried are drained";
  while (tried.size() < upstream.size()) {
    auto lease = co_await take_place(connection, client, upstream, draw, tried);
    if (!lease) {
      if (lease.error().side != Side::client)
        telemetry.upstream_error(upstream.name(), lease.error().reason);
      co_return std::move(lease).error();
    }
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
    if (failure.side == Side::upstream) telemetry.upstream_error(upstream.name(), failure.reason);
    if (!worth_another_endpoint(failure)) break;
    upstream.failed(*endpoint, failure.text());
    tried.push_back(endpoint.get());
  }
  co_return failure;
}

}  // namespace wssgate::gateway
