#include "gateway/redirect.h"

#include <utility>

#include "gateway/admit.h"
#include "gateway/connection.h"
#include "gateway/refusal_log.h"
#include "gateway/request_id.h"
#include "gateway/request_reading.h"
#include "net/closing.h"
#include "net/tcp_stream.h"
#include "protocol/http/forward.h"

namespace wssgate::gateway {
namespace {

constexpr std::uint16_t kHttps = 443;

std::string https_address(const http::RequestHead& request, std::uint16_t port) {
  std::string address = "https://" + request.host;
  if (port != kHttps) address += ":" + std::to_string(port);
  if (request.target != "*") address += request.target;
  return address;
}

std::string answer_to(const Connection& connection, const http::RequestHead& request,
                      std::uint16_t port, AccessRecord& record) {
  const bool head = request.method == "HEAD";
  const std::string id = request_id(connection, &request);
  record.request_id = RequestId(id);
  record.method = request.method;
  record.path = request.target.substr(0, request.target.find('?'));
  record.authority = request.authority;
  if (connection.site == nullptr) {
    const Error error(Reason::misdirected_request, Side::client,
                      "Host is none of the names that are served here");
    connection.gateway.count_refusal(error.reason);
    record.ended(error);
    record.status = http_status(error.reason);
    return http::error_response(error, head, false, {}, id);
  }
  record.status = http::kPermanentRedirect;
  return http::redirect_response(https_address(request, port), head, id);
}

}  // namespace

asio::awaitable<void> run_redirect(Gateway& gateway, std::shared_ptr<const Snapshot> snapshot,
                                   net::Fd socket, SocketAddress client, const Listening& listener,
                                   ConnectionGate::Place place) {
  Connection connection(gateway, std::move(snapshot), socket.get(), client, std::move(place));
  auto plain =
      std::make_unique<net::TcpStream>(gateway.worker().loop(), std::move(socket), Side::client);
  plain->attach(&connection.waiter);
  const auto conveyed = co_await admit_client(connection, *plain, listener);
  if (!conveyed) {
    log_refusal(connection, conveyed.error(), "");
    co_return;
  }
  connection.stream = std::move(plain);
  net::InputBuffer input(connection.snapshot->config.limits.request_head);
  AccessRecord record;

  auto request = co_await read_request(connection, input, record);
  std::string answer;
  if (request) {
    const Site* const asked = connection.snapshot->sites.match(request->host);
    if (asked != nullptr) connection.lead_to(*asked);
    answer = answer_to(connection, *request, listener.redirect_port, record);
  } else if (http_status(request.error().reason) != 0 &&
             request.error().reason != Reason::draining) {
    record.ended(request.error());
    record.status = http_status(request.error().reason);
    const std::string id = request_id(connection, nullptr);
    record.request_id = RequestId(id);
    answer = http::error_response(request.error(), false, false, {}, id);
  }
  if (answer.empty()) co_return;  // nothing was asked
  conclude(connection, record);
  const auto sent = connection.stream->send(answer);
  if (sent) co_await net::close_gently(*connection.stream, connection.waiter);
}

}  // namespace wssgate::gateway
