#include "gateway/admit.h"

#include <utility>

#include "gateway/conveyed_client.h"

namespace wssgate::gateway {

namespace {

Result<void> admit_address(Connection& connection) {
  if (connection.snapshot->trusts(connection.client)) return {};
  auto place = connection.gateway.admission().addresses.enter(
      connection.client, connection.snapshot->config.limits, AddressLimits::Clock::now());
  if (!place) return std::move(place).error();
  connection.address_place = *std::move(place);
  return {};
}

}  // namespace

asio::awaitable<Result<bool>> admit_client(Connection& connection, net::TcpStream& plain,
                                           const Listening& listener) {
  const bool awaits_address = speaks_for_others(listener, connection.client);
  if (!awaits_address) {
    auto admitted = admit_address(connection);
    if (!admitted) co_return std::move(admitted).error();
  }
  connection.waiter.expires_after(connection.snapshot->config.timeouts.client_hello,
                                  Reason::client_hello_timeout, Side::client);
  auto conveyed = co_await take_proxy_header(connection, plain, listener);
  if (conveyed && awaits_address) {
    auto admitted = admit_address(connection);
    if (!admitted) co_return std::move(admitted).error();
  }
  co_return conveyed;
}

Result<ConnectionGate::Place> admit_handshake(Connection& connection, bool resumes) {
  const std::uint64_t limit = connection.snapshot->config.limits.handshakes;
  if (limit == 0) return ConnectionGate::Place(nullptr);
  auto place = connection.gateway.admission().handshakes.enter(resumes ? limit : limit - limit / 4);
  if (!place) return Error(Reason::handshake_limit, Side::proxy);
  return place;
}

}  // namespace wssgate::gateway
