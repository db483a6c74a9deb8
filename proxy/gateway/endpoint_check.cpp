#include "gateway/endpoint_check.h"

#include <fmt/format.h>

#include <memory>
#include <string>
#include <utility>

#include "net/dial.h"
#include "net/input_buffer.h"
#include "protocol/http/head.h"
#include "protocol/proxy_protocol.h"
#include "protocol/websocket/handshake.h"
#include "upstream/begin_tls.h"

namespace wssgate::gateway {
namespace {

std::string request_text(const config::Health& rules, const SocketAddress& address) {
  std::string host = rules.host.value;
  if (host.empty()) host = address.is_unix() ? "localhost" : address.text();
  // The key is RFC 6455's sample: nothing is secret in a check.
  const std::string_view rest = rules.check == config::HealthCheck::websocket
                                    ? "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                      "Sec-WebSocket-Version: 13\r\n"
                                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                                    : "Connection: close\r\n\r\n";
  return fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: wssgate\r\n{}", rules.path, host,
                     rest);
}

/// LOCAL (version 1: UNKNOWN): no client stands behind the connection.
std::string own_header(upstream::ProxyHeader kind) {
  switch (kind) {
    case upstream::ProxyHeader::none:
      break;
    case upstream::ProxyHeader::v1:
      return proxy_protocol::v1_header({});
    case upstream::ProxyHeader::v2:
    case upstream::ProxyHeader::v2_ssl:
      return proxy_protocol::v2_header({});
  }
  return {};
}

Result<void> judge(const config::Health& rules, const http::RequestHead& request,
                   const http::ResponseHead& response) {
  if (rules.check == config::HealthCheck::websocket && response.status == 101) {
    return websocket::check_upgrade_response(request, response);
  }
  const bool good =
      rules.check == config::HealthCheck::http && response.status >= 200 && response.status < 400;
  if (good) return {};
  return Error(Reason::malformed_response, Side::upstream,
               fmt::format("it answers {}", response.status));
}

/// The head of the final response. What follows is of no interest.
asio::awaitable<Result<http::ResponseHead>> read_answer(net::Stream& stream, net::Waiter& waiter) {
  net::InputBuffer input(http::kMostResponseHead);
  for (;;) {
    const auto flushed = stream.flush();
    if (!flushed) co_return flushed.error();
    const auto got = input.fill(stream);
    if (!got) co_return got.error();
    for (;;) {
      const auto length =
          http::find_head_end(input.view(), http::kMostResponseHead, 0, Side::upstream);
      if (!length) co_return length.error();
      if (*length == 0) break;
      auto response = http::parse_response_head(input.view().substr(0, *length), "GET");
      if (!response || !response->is_interim()) co_return response;
      input.consume(*length);
    }
    if (got->end) {
      co_return Error(Reason::upstream_closed, Side::upstream, "closed before it answered");
    }
    Result<void> going;
    if (got->bytes > 0) {
      going = co_await waiter.yield();  // there may be more
    } else {
      going = co_await waiter.wait();
    }
    if (!going) co_return std::move(going).error();
  }
}

}  // namespace

asio::awaitable<Result<void>> check_endpoint(net::Loop& loop, const upstream::Endpoint& endpoint,
                                             upstream::ProxyHeader header,
                                             const config::Health& rules, net::Waiter& waiter) {
  waiter.expires_after(rules.timeout, Reason::upstream_timeout, Side::upstream);
  auto dialed = co_await net::dial(loop, endpoint.address, waiter);
  if (!dialed) co_return std::move(dialed).error();
  if (rules.check == config::HealthCheck::tcp) co_return Result<void>();
  const auto announced = (*dialed)->send(own_header(header));
  if (!announced) co_return announced.error();
  std::unique_ptr<net::Stream> opened;
  if (endpoint.tls) {
    auto secured = co_await upstream::begin_tls(*std::move(dialed), endpoint.tls, waiter);
    if (!secured) co_return std::move(secured).error();
    opened = *std::move(secured);
  } else {
    opened = *std::move(dialed);
  }
  net::Stream& stream = *opened;
  const auto request = http::parse_request_head(request_text(rules, endpoint.address));
  if (!request) co_return request.error();
  const auto sent = stream.send(request->text.view());
  if (!sent) co_return sent.error();
  auto answer = co_await read_answer(stream, waiter);
  if (!answer) co_return std::move(answer).error();
  co_return judge(rules, *request, *answer);
}

}  // namespace wssgate::gateway
