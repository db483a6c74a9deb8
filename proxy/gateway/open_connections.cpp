#include "gateway/open_connections.h"

#include <algorithm>

#include "gateway/connection.h"
#include "gateway/tunnel_relay.h"

namespace wssgate::gateway {
namespace {

// For the answer to the Close frame.
constexpr Duration kAnswering{10'000};

std::string_view phase_of(const Connection& connection) {
  if (connection.tunnel != nullptr) return "tunnel";
  if (connection.endpoint != nullptr) return "passthrough";
  return connection.stream ? "http" : "opening";
}

}  // namespace

bool ConnectionFilter::covers(const Connection& connection, TelemetryClock::time_point now) const {
  if (id && *id != connection.id) return false;
  if (client && !client->contains(connection.client)) return false;
  if (connection.age(now) < older_than) return false;
  if (host.empty()) return true;
  if (connection.site == nullptr) return false;
  const auto& names = connection.site->host->names;
  return std::any_of(names.begin(), names.end(),
                     [&](const HostPattern& name) { return name.text() == host; });
}

OpenConnection describe(const Connection& connection, TelemetryClock::time_point now) {
  OpenConnection open{.id = connection.id,
                      .client = connection.client.text(),
                      .server_name = connection.server_name,
                      .host = connection.site != nullptr ? connection.site->host->label() : "",
                      .tls = connection.tls_version,
                      .age = connection.age(now),
                      .phase = phase_of(connection),
                      .endpoint = connection.endpoint != nullptr ? connection.endpoint->text : "",
                      .from_client = {},
                      .from_upstream = {}};
  if (connection.tunnel != nullptr) {
    open.from_client = traffic_of(connection.tunnel->up());
    open.from_upstream = traffic_of(connection.tunnel->down());
  }
  return open;
}

void close_connection(Connection& connection, std::uint16_t code, TelemetryClock::time_point now) {
  if (connection.tunnel == nullptr) {
    connection.waiter.abort(Reason::closed_by_operator, Side::proxy);
    return;
  }
  connection.tunnel->order_close({now, now + kAnswering, Reason::closed_by_operator, code});
  connection.waiter.notify();
}

bool is_close_code(std::uint32_t code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}

}  // namespace wssgate::gateway
