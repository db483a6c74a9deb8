#include "gateway/request_reading.h"

#include <utility>

namespace wssgate::gateway {
namespace {

// In a drain, for the first request of a client that has just connected: closing at once would look
// like a refused connection.
constexpr Duration kFirstRequestInDrain{2'000};

}  // namespace

asio::awaitable<Result<http::RequestHead>> read_request(Connection& connection,
                                                        net::InputBuffer& input,
                                                        AccessRecord& record) {
  const config::Timeouts& timeouts = connection.snapshot->config.timeouts;
  connection.waiter.expires_after(timeouts.idle_http, Reason::idle, Side::proxy);
  std::size_t scanned = 0;
  bool begun = false;
  bool waits_in_drain = false;
  for (;;) {
    // RFC 9112 §2.2: empty lines before a request are none of it.
    while (!begun && input.view().substr(0, 2) == "\r\n") input.consume(2);
    if (!input.empty() && !begun) {
      begun = true;
      record = AccessRecord();
      connection.waiter.expires_after(timeouts.request_head, Reason::request_head_timeout,
                                      Side::client);
    }
    const auto length =
        http::find_head_end(input.view(), connection.snapshot->config.limits.request_head, scanned);
    if (!length) co_return length.error();
    if (*length > 0) {
      auto request = http::parse_request_head(input.view().substr(0, *length));
      input.consume(*length);
      connection.served = true;
      co_return request;
    }
    scanned = input.view().size();
    auto got = input.fill(*connection.stream);
    if (!got) co_return std::move(got).error();
    if (got->end) co_return Error(Reason::client_closed, Side::client);
    if (!got->nothing()) continue;
    // Only after a look at the socket: what was sent before the drain is still served.
    if (!begun && connection.gateway.draining()) {
      if (connection.served) co_return Error(Reason::draining, Side::proxy);
      if (!std::exchange(waits_in_drain, true)) {
        connection.waiter.expires_after(kFirstRequestInDrain, Reason::draining, Side::proxy);
      }
    }
    auto waited = co_await connection.waiter.wait();
    if (!waited) co_return std::move(waited).error();
  }
}

}  // namespace wssgate::gateway
