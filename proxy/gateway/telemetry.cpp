#include "gateway/telemetry.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "gateway/access_record.h"
#include "gateway/connection.h"

namespace wssgate::gateway {
namespace {

template <class Map>
void add_each(Map& counts, const Map& others) {
  for (const auto& [key, count] : others) counts[key] += count;
}

/// Statuses and close codes are a peer's choice, and a series each; those that nobody has
/// registered count together.
int known_status(int status) {
  constexpr std::array kKnown = {0,   101, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226,
                                 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 402, 403,
                                 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415,
                                 416, 417, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451,
                                 499, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511};
  return std::binary_search(kKnown.begin(), kKnown.end(), status) ? status : kOtherStatus;
}

TunnelEnd known_end(TunnelEnd end) {
  constexpr std::uint16_t kFirstOfLibraries = 3000;
  constexpr std::uint16_t kFirstOfApplications = 4000;
  constexpr std::uint16_t kMostRegistered = 1014;
  if (end.code >= kFirstOfApplications) {
    end.code = kFirstOfApplications;
  } else if (end.code > kMostRegistered) {
    end.code = kFirstOfLibraries;
  }
  return end;
}

}  // namespace

void HostCounts::add(const HostCounts& other) {
  add_each(requests, other.requests);
  requests_ended += other.requests_ended;
  request_bytes += other.request_bytes;
  response_bytes += other.response_bytes;
  tunnels_begun += other.tunnels_begun;
  tunnels_ended += other.tunnels_ended;
  open_since += other.open_since;
  from_client.add(other.from_client);
  from_upstream.add(other.from_upstream);
  passed_through += other.passed_through;
  passing_through += other.passing_through;
  passed_from_client += other.passed_from_client;
  passed_from_upstream += other.passed_from_upstream;
}

void UpstreamCounts::add(const UpstreamCounts& other) {
  add_each(errors, other.errors);
  connect.add(other.connect);
  response.add(other.response);
}

void Telemetry::ended(const Connection& connection, const AccessRecord& record) {
  HostCounts& host = *connection.counts;
  if (record.passthrough) {
    ++host.passed_through;
    return;
  }
  const auto took = AccessRecord::Clock::now() - record.begun;
  if (record.tunnel) {
    tunnel_life.add(took);
    tunnel_ends.add(record);
    ++tunnel_end_classes[known_end(TunnelEnd::of(record))];
    const bool broke = record.reason != Reason::none && record.reason != Reason::upstream_closed;
    if (record.ended_by == Side::upstream && broke) upstream_error(record.upstream, record.reason);
    return;
  }
  ++host.requests[known_status(record.status)];
  ++host.requests_ended;
  host.request_bytes += record.bytes_received;
  host.response_bytes += record.bytes_sent;
  if (!record.upstream.empty()) request.add(took);
}

UpstreamCounts& Telemetry::of_upstream(std::string_view name) {
  return upstreams[std::string(name)];
}

void Telemetry::upstream_error(std::string_view name, Reason reason) {
  ++of_upstream(name).errors[reason];
}

void Telemetry::add(const Telemetry& other) {
  connections += other.connections;
  add_each(handshakes, other.handshakes);
  add_each(failed_handshakes, other.failed_handshakes);
  handshake.add(other.handshake);
  request.add(other.request);
  tunnel_life.add(other.tunnel_life);
  tunnel_ends.add(other.tunnel_ends);
  add_each(tunnel_end_classes, other.tunnel_end_classes);
  for (std::size_t i = 0; i < ping.size(); ++i) ping[i].add(other.ping[i]);
  for (const auto& [name, host] : other.hosts) hosts[name].add(host);
  no_host.add(other.no_host);
  for (const auto& [name, upstream] : other.upstreams) upstreams[name].add(upstream);
}

}  // namespace wssgate::gateway
