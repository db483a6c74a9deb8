#include "gateway/client_hello_peek.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "gateway/wake_mark.h"

namespace wssgate::gateway {
namespace {

/// One look at what has arrived; NeedMore{0} when nothing new has. Not part of the coroutine, since
/// the bytes are in the worker's scratch.
Result<tls::ClientHelloResult> look(Connection& connection, net::TcpStream& plain) {
  // Asked before looking: what the peer sent before its end is then among what we see.
  const bool ended = plain.socket().peer_ended();
  const std::size_t limit = connection.snapshot->config.limits.client_hello;
  const auto scratch = connection.gateway.worker().scratch();
  const auto peeked = plain.peek(scratch.first(std::min(limit, scratch.size())));
  if (!peeked) return peeked.error();
  if (peeked->end) return Error(Reason::client_closed, Side::client, "closed without a hello");
  if (peeked->nothing()) return tls::ClientHelloResult(tls::NeedMore{0});
  const ByteView bytes(reinterpret_cast<const std::uint8_t*>(scratch.data()), peeked->bytes);
  auto parsed = tls::parse_client_hello(bytes, limit);
  if (ended && std::holds_alternative<tls::NeedMore>(parsed)) {
    return Error(Reason::client_closed, Side::client, "closed in the middle of its hello");
  }
  return parsed;
}

}  // namespace

asio::awaitable<Result<tls::ClientHello>> peek_client_hello(Connection& connection,
                                                            net::TcpStream& plain) {
  WakeMark wake_at(plain);
  for (;;) {
    auto looked = look(connection, plain);
    if (!looked) co_return std::move(looked).error();
    if (auto* error = std::get_if<Error>(&*looked)) co_return std::move(*error);
    if (auto* hello = std::get_if<tls::ClientHello>(&*looked)) co_return std::move(*hello);
    const std::size_t needed = std::get<tls::NeedMore>(*looked).total;
    if (needed > 0) {
      wake_at.set(needed);
      plain.socket().drained();
    }
    auto waited = co_await connection.waiter.wait();
    if (!waited) co_return std::move(waited).error();
  }
}

}  // namespace wssgate::gateway
