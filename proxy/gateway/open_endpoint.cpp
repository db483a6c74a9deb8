#include "gateway/open_endpoint.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "gateway/proxy_header.h"
#include "net/dial.h"
#include "upstream/begin_tls.h"

namespace wssgate::gateway {
namespace {

using Clock = AccessRecord::Clock;

/// What is left of `limit`; not nothing, so that a deadline is set.
Duration left_of(Duration limit, Clock::time_point begun) {
  const auto spent = std::chrono::duration_cast<Duration>(Clock::now() - begun);
  return std::max(limit - spent, Duration(1));
}

/// The request may succeed at another endpoint, and then nothing else would tell.
void log_refusal(const Connection& connection, const upstream::Endpoint& endpoint,
                 const AccessRecord& record, const Error& error) {
  if (error.side != Side::upstream || !endpoint.tls->may_be_told_of()) return;
  log::warn("upstream_tls_refused", error.text(),
            {{"reason", reason_label(error.reason)},
             {"upstream", record.upstream},
             {"endpoint", endpoint.text},
             {"server_name", endpoint.tls->name()},
             {"conn", connection.id}});
}

void note_connected(const Connection& connection, const upstream::Upstream& upstream,
                    Clock::duration took, AccessRecord& record) {
  record.connect_time = took;
  connection.gateway.telemetry().of_upstream(upstream.name()).connect.add(took);
}

}  // namespace

asio::awaitable<Result<std::unique_ptr<net::Stream>>> open_endpoint(
    Connection& connection, const upstream::Upstream& upstream, const upstream::Endpoint& endpoint,
    AccessRecord& record) {
  record.endpoint = endpoint.text;
  net::Waiter& waiter = connection.waiter;
  const Duration limit = connection.snapshot->config.timeouts.connect;
  const auto begun = Clock::now();
  waiter.expires_after(limit, Reason::upstream_connect_timeout, Side::upstream);
  auto dialed = co_await net::dial(connection.gateway.worker().loop(), endpoint.address, waiter);
  if (!dialed) co_return std::move(dialed).error();
  // A socket that is fresh takes a header whole.
  auto sent = (*dialed)->send(proxy_header(connection, upstream.terms().proxy_header));
  if (!sent) co_return std::move(sent).error();
  if (!endpoint.tls) {
    note_connected(connection, upstream, Clock::now() - begun, record);
    co_return std::unique_ptr<net::Stream>(*std::move(dialed));
  }

  waiter.expires_after(left_of(limit, begun), Reason::upstream_handshake_timeout, Side::upstream);
  auto secured = co_await upstream::begin_tls(*std::move(dialed), endpoint.tls, waiter);
  if (secured) {
    note_connected(connection, upstream, Clock::now() - begun, record);
  } else {
    log_refusal(connection, endpoint, record, secured.error());
  }
  co_return secured;
}

}  // namespace wssgate::gateway
