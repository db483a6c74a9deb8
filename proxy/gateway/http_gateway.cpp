#include "gateway/http_gateway.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "gateway/exchange.h"
#include "gateway/request_id.h"
#include "gateway/request_reading.h"
#include "net/closing.h"
#include "protocol/http/forward.h"
#include "protocol/http/head.h"
#include "protocol/http/trace_context.h"
#include "protocol/websocket/handshake.h"

namespace wssgate::gateway {
namespace {

/// There is nobody to answer, or nothing was asked.
bool ends_silently(const Error& error) { return http_status(error.reason) == 0; }

class HttpGateway {
 public:
  explicit HttpGateway(Connection& connection)
      : connection_(connection), input_(connection.snapshot->config.limits.request_head) {}

  asio::awaitable<std::unique_ptr<Upgraded>> serve();

 private:
  enum class Next : std::uint8_t { request, close, abort, tunnel };

  asio::awaitable<Next> serve_one(const http::RequestHead& request);
  asio::awaitable<Next> refuse(const Error& error, const http::RequestHead* request);
  asio::awaitable<Next> deliver();
  Result<void> check_limits(const http::RequestHead& request) const;
  Result<const Route*> judge(const http::RequestHead& request, bool websocket) const;

  Connection& connection_;
  net::InputBuffer input_;
  AccessRecord record_;
  bool first_ = true;  // request of the connection
  std::unique_ptr<Upgraded> upgraded_;
};

asio::awaitable<std::unique_ptr<Upgraded>> HttpGateway::serve() {
  Next next = Next::request;
  while (next == Next::request) {
    auto request = co_await read_request(connection_, input_, record_);
    if (request) {
      next = co_await serve_one(*request);
      first_ = false;
    } else {
      next = co_await refuse(request.error(), nullptr);
    }
  }
  if (next == Next::close) co_await net::close_gently(*connection_.stream, connection_.waiter);
  if (next == Next::abort) connection_.stream->reset();
  co_return std::move(upgraded_);
}

Result<void> HttpGateway::check_limits(const http::RequestHead& request) const {
  const config::Limits& limits = connection_.snapshot->config.limits;
  AddressLimits& addresses = connection_.gateway.admission().addresses;
  if (!connection_.snapshot->trusts(connection_.client) &&
      !addresses.may_request(connection_.client, limits.requests_per_address,
                             AddressLimits::Clock::now())) {
    return Error(Reason::request_rate, Side::proxy);
  }
  if (request.headers.size() > limits.header_fields) {
    return Error(Reason::request_head_too_large, Side::client,
                 "the request has more header fields than limits.header_fields");
  }
  if (limits.request_body != 0 && request.framing.length > limits.request_body) {
    return Error(Reason::request_body_too_large, Side::client);
  }
  return {};
}

/// The route that the request may take, or why it may take none.
Result<const Route*> HttpGateway::judge(const http::RequestHead& request, bool websocket) const {
  const Host& host = *connection_.site->host;
  // The Host has to lead to the host entry that the handshake's name led to. (An HTTP/1.0 client
  // may leave Host out; the handshake's name stands for it.)
  const Site* const asked = connection_.snapshot->sites.match(request.host);
  if (!request.authority.empty() && (asked == nullptr || asked->host.get() != &host)) {
    return Error(Reason::misdirected_request, Side::client,
                 "Host is \"" + printable(request.authority) +
                     "\", which is none of the names that this host entry answers to");
  }
  const Route* route = host.route(http::route_path(request.target));
  if (route == nullptr) return Error(Reason::no_route, Side::client);
  if (connection_.gateway.drains().name(host) && (first_ || websocket)) {
    return Error(Reason::draining, Side::proxy, "the host drains and takes nothing new");
  }
  if (!websocket) {
    if (route->websocket != config::WebSocketRule::required) return route;
    return Error(Reason::websocket_required, Side::client);
  }
  if (route->websocket == config::WebSocketRule::refused) {
    return Error(Reason::websocket_refused, Side::client);
  }
  auto valid = websocket::check_upgrade_request(request);
  if (!valid) return std::move(valid).error();
  const auto origin = request.headers.find("origin");
  if (origin && !route->allowed_origins.empty() &&
      !websocket::origin_allowed(*origin, request.authority, route->allowed_origins)) {
    return Error(Reason::origin_refused, Side::client);
  }
  return route;
}

asio::awaitable<HttpGateway::Next> HttpGateway::serve_one(const http::RequestHead& request) {
  record_.method = request.method;
  record_.path = request.target.substr(0, request.target.find('?'));
  record_.authority = request.authority;
  record_.request_id = RequestId(request_id(connection_, &request));
  if (log::writes_access()) record_.trace_id = HexId::of(http::trace_id(request.headers));
  const bool websocket = websocket::is_upgrade(request);
  const auto within = check_limits(request);
  if (!within) co_return co_await refuse(within.error(), &request);
  const auto route = judge(request, websocket);
  if (!route) co_return co_await refuse(route.error(), &request);
  record_.route = (*route)->path;

  Exchange exchange(connection_, input_, request, **route, websocket, record_);
  auto end = co_await exchange.run();
  if (!end && !exchange.answered()) co_return co_await refuse(end.error(), &request);
  if (!end) {
    record_.ended(end.error());
    conclude(connection_, record_);
    co_return Next::abort;
  }
  if (*end == Exchange::End::upgraded) {
    upgraded_ =
        std::make_unique<Upgraded>(Upgraded{.upstream = exchange.take_upstream(),
                                            .from_client = std::string(input_.view()),
                                            .from_upstream = std::string(exchange.early_bytes()),
                                            .record = std::move(record_),
                                            .terms = (*route)->tunnel});
    co_return Next::tunnel;
  }
  // Frames sent ahead of a refused upgrade must not be taken for the next request.
  const bool reusable = *end == Exchange::End::keep_alive && (!websocket || input_.empty());
  conclude(connection_, record_);
  co_return reusable ? Next::request : Next::close;
}

/// Answers an error, if there is somebody to answer. `request` is null where no head could be read.
asio::awaitable<HttpGateway::Next> HttpGateway::refuse(const Error& error,
                                                       const http::RequestHead* request) {
  const bool asked = request != nullptr;
  if (ends_silently(error) || (!asked && error.reason == Reason::draining)) {
    if (asked) {
      record_.ended(error);
      conclude(connection_, record_);
    }
    const bool broken = error.reason == Reason::client_reset || error.reason == Reason::tls_error;
    co_return broken ? Next::abort : Next::close;
  }
  // A body that was not read makes the place of the next request unknown, and so do frames sent
  // ahead of a refused upgrade. HTTP/1.0 takes an answer that does not promise to stay open for one
  // that ends with the connection.
  const bool in_step =
      asked && request->framing.is_empty() && (!websocket::is_upgrade(*request) || input_.empty());
  const bool keep_alive = in_step && request->keep_alive && request->minor_version >= 1 &&
                          error.reason != Reason::draining && !connection_.gateway.draining();
  const bool head = asked && request->method == "HEAD";
  // A misdirected request is not for this host, whose rule must not become another one's.
  const bool is_for_host = error.reason != Reason::misdirected_request;
  std::string_view hsts;
  if (is_for_host) hsts = connection_.site->host->strict_transport_security;
  if (!asked) record_.request_id = RequestId(request_id(connection_, nullptr));
  const std::string answer =
      http::error_response(error, head, keep_alive, hsts, record_.request_id.text());
  record_.status = http_status(error.reason);
  record_.bytes_sent = answer.size() - (answer.find("\r\n\r\n") + 4);
  record_.ended(error);
  // Whoever asks too often would fill the log as well.
  const auto sampled = connection_.gateway.count_refusal(error.reason);
  const bool left_out = !sampled && error.reason == Reason::request_rate;
  conclude(connection_, record_, left_out ? Line::left_out : Line::written);
  const auto sent = connection_.stream->send(answer);
  if (!sent) co_return Next::abort;
  if (!keep_alive) co_return Next::close;
  const Next next = co_await deliver();
  co_return next;
}

/// Sees an answer of ours out before the next request is read: a client that asks on and on and
/// never reads must not make us keep the answers, nor its worker do nothing else.
asio::awaitable<HttpGateway::Next> HttpGateway::deliver() {
  connection_.waiter.expires_after(connection_.snapshot->config.timeouts.idle_http, Reason::stalled,
                                   Side::client);
  for (;;) {
    auto going = co_await connection_.waiter.yield();
    if (!going) co_return Next::abort;
    const auto flushed = connection_.stream->flush();
    if (!flushed) co_return Next::abort;
    if (*flushed) co_return Next::request;
    going = co_await connection_.waiter.wait();
    if (!going) co_return Next::abort;
  }
}

}  // namespace

asio::awaitable<std::unique_ptr<Upgraded>> serve_http(Connection& connection) {
  HttpGateway gateway(connection);
  auto upgraded = co_await gateway.serve();
  co_return std::move(upgraded);
}

}  // namespace wssgate::gateway
