#include "gateway/passthrough.h"

#include <fmt/format.h>

#include <utility>

#include "gateway/access_record.h"
#include "gateway/request_hash.h"
#include "gateway/upstream_link.h"
#include "net/byte_relay.h"
#include "net/closing.h"

namespace wssgate::gateway {
namespace {

Error unreachable(Error error, const AccessRecord& record) {
  error.context = fmt::format(
      "passed through to the upstream '{}', which cannot be reached{}: {}", record.upstream,
      record.endpoint.empty() ? "" : " at " + record.endpoint, error.text());
  return error;
}

void note_end(AccessRecord& record, const net::ByteRelay& relay, const Result<void>& result) {
  record.bytes_received = relay.from(Side::client).bytes();
  record.bytes_sent = relay.from(Side::upstream).bytes();
  if (!result) {
    record.ended(result.error());
    return;
  }
  record.ended_by = relay.first_to_end();
  record.reason =
      record.ended_by == Side::upstream ? Reason::upstream_closed : Reason::client_closed;
}

/// Is counted as open while it lives.
class Open {
 public:
  explicit Open(HostCounts& counts) : counts_(counts) { ++counts_.passing_through; }
  ~Open() { --counts_.passing_through; }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

 private:
  HostCounts& counts_;
};

}  // namespace

asio::awaitable<Result<void>> run_passthrough(Connection& connection, net::TcpStream& client) {
  AccessRecord record;
  record.passthrough = true;
  const Host& host = *connection.site->host;
  if (connection.gateway.drains().name(host)) {
    co_return Error(Reason::draining, Side::proxy, "the host is drained");
  }
  const auto connected = upstream::Health::Clock::now();
  upstream::Upstream& to = *host.passthrough;
  auto linked =
      co_await link_upstream(connection, client, to, client_hash(to, connection), false, record);
  if (!linked) co_return unreachable(std::move(linked).error(), record);
  to.succeeded(*linked->lease.endpoint(), connected);
  connection.endpoint = linked->lease.endpoint().get();
  net::Stream& upstream = *linked->stream;
  HostCounts& counts = *connection.counts;
  const Open open(counts);
  net::ByteRelay relay(
      client, upstream, connection.waiter, connection.gateway.worker().scratch(), net::kPatience,
      {.from_client = &counts.passed_from_client, .from_upstream = &counts.passed_from_upstream});
  const Result<void> result = co_await relay.run();
  connection.endpoint = nullptr;
  note_end(record, relay, result);
  conclude(connection, record);
  if (!result) {
    upstream.reset();
    client.reset();
  }
  co_return Result<void>();
}

}  // namespace wssgate::gateway
