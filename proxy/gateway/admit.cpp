#include "gateway/admit.h"

#include <utility>

namespace wssgate::gateway {

Result<void> admit_address(Connection& connection) {
  if (connection.snapshot->trusts(connection.client)) return {};
  auto place = connection.gateway.admission().addresses.enter(
      connection.client, connection.snapshot->config.limits, AddressLimits::Clock::now());
  if (!place) return std::move(place).error();
  connection.address_place = *std::move(place);
  return {};
}

Result<ConnectionGate::Place> admit_handshake(Connection& connection, bool resumes) {
  const std::uint64_t limit = connection.snapshot->config.limits.handshakes;
  if (limit == 0) return ConnectionGate::Place(nullptr);
  auto place = connection.gateway.admission().handshakes.enter(resumes ? limit : limit - limit / 4);
  if (!place) return Error(Reason::handshake_limit, Side::proxy);
  return place;
}

}  // namespace wssgate::gateway
