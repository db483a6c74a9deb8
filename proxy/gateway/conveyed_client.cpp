#include "gateway/conveyed_client.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "gateway/wake_mark.h"
#include "protocol/proxy_protocol.h"

namespace wssgate::gateway {
namespace {

Error no_header_by(std::string detail) {
  return Error(Reason::proxy_header_missing, Side::client, std::move(detail));
}

/// One look at what has arrived; NeedMore{0} when nothing new has.
Result<proxy_protocol::ReadResult> look(Connection& connection, net::TcpStream& plain,
                                        bool listed) {
  // Asked before looking: what the peer sent before its end is then among what we see.
  const bool ended = plain.socket().peer_ended();
  const auto scratch = connection.gateway.worker().scratch();
  const auto peeked = plain.peek(scratch.first(proxy_protocol::kMostV2));
  if (!peeked) return peeked.error();
  if (peeked->end) return Error(Reason::client_closed, Side::client, "closed without a byte");
  if (peeked->nothing()) return proxy_protocol::ReadResult(proxy_protocol::NeedMore{0});
  if (!listed && proxy_protocol::begins_header({scratch.data(), peeked->bytes})) {
    return Error(Reason::proxy_header_refused, Side::client,
                 std::string(proxy_protocol::kNotListed));
  }
  auto read = proxy_protocol::read_header(
      {reinterpret_cast<const std::uint8_t*>(scratch.data()), peeked->bytes});
  if (ended && std::holds_alternative<proxy_protocol::NeedMore>(read)) {
    const std::string detail = "closed in the middle of its PROXY header";
    if (!listed) return proxy_protocol::ReadResult(no_header_by(detail));
    return Error(Reason::malformed_proxy_header, Side::client, detail);
  }
  return read;
}

/// The header's bytes leave the socket; what follows stays there.
Result<void> consume(Connection& connection, net::TcpStream& plain, std::size_t size) {
  const auto scratch = connection.gateway.worker().scratch();
  const auto got = plain.read(scratch.first(size));
  if (!got) return got.error();
  if (got->bytes == size) return {};
  return Error(Reason::internal_error, Side::proxy, "a peeked PROXY header cannot be read");
}

}  // namespace

bool speaks_for_others(const Listening& listener, const SocketAddress& peer) {
  return std::any_of(listener.proxies.begin(), listener.proxies.end(),
                     [&](const Network& network) { return network.contains(peer); });
}

asio::awaitable<Result<bool>> take_proxy_header(Connection& connection, net::TcpStream& plain,
                                                const Listening& listener) {
  if (listener.proxies.empty()) co_return false;
  const bool listed = speaks_for_others(listener, connection.client);
  WakeMark wake_at(plain);
  for (;;) {
    auto looked = look(connection, plain, listed);
    if (!looked) co_return std::move(looked).error();
    if (auto* error = std::get_if<Error>(&*looked)) {
      if (!listed && error->reason == Reason::proxy_header_missing) co_return false;
      co_return std::move(*error);
    }
    if (const auto* header = std::get_if<proxy_protocol::Header>(&*looked)) {
      auto consumed = consume(connection, plain, header->size);
      if (!consumed) co_return std::move(consumed).error();
      if (header->conveyed) {
        connection.client = header->conveyed->source;
        connection.conveyed_destination =
            std::make_unique<const SocketAddress>(header->conveyed->destination);
      }
      co_return true;
    }
    const std::size_t needed = std::get<proxy_protocol::NeedMore>(*looked).total;
    if (needed > 0) {
      wake_at.set(needed);
      plain.socket().drained();
    }
    auto waited = co_await connection.waiter.wait();
    if (listed && !waited && waited.error().reason == Reason::client_hello_timeout) {
      co_return no_header_by("no complete PROXY header came within timeouts.client_hello");
    }
    if (!waited) co_return std::move(waited).error();
  }
}

}  // namespace wssgate::gateway
