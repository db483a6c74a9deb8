#include "gateway/telemetry.h"

#include <chrono>

#include "gateway/access_record.h"
#include "gateway/connection.h"

namespace wssgate::gateway {
namespace {

template <class Map>
void add_each(Map& counts, const Map& others) {
  for (const auto& [key, count] : others) counts[key] += count;
}

/// It is the upstream that failed; for a tunnel, whose upstream may well hang up, only in between.
bool blames_upstream(const AccessRecord& record) {
  if (record.upstream.empty() || record.reason == Reason::none) return false;
  if (record.ended_by != Side::upstream) return false;
  return !(record.tunnel || record.passthrough) || record.reason != Reason::upstream_closed;
}

}  // namespace

void HostCounts::add(const HostCounts& other) {
  add_each(requests, other.requests);
  request_bytes += other.request_bytes;
  response_bytes += other.response_bytes;
  tunnels_begun += other.tunnels_begun;
  tunnels_ended += other.tunnels_ended;
  from_client.add(other.from_client);
  from_upstream.add(other.from_upstream);
  passed_through += other.passed_through;
  passed_from_client += other.passed_from_client;
  passed_from_upstream += other.passed_from_upstream;
}

void UpstreamCounts::add(const UpstreamCounts& other) {
  add_each(errors, other.errors);
  connect.add(other.connect);
  response.add(other.response);
}

void Telemetry::ended(const Connection& connection, const AccessRecord& record) {
  const auto took = AccessRecord::Clock::now() - record.begun;
  if (record.tunnel) {
    tunnel_life.add(took);
    tunnel_ends.add(record);
  }
  if (!record.tunnel && !record.passthrough) request.add(took);
  if (!record.upstream.empty()) {
    UpstreamCounts& upstream = upstreams[std::string(record.upstream)];
    if (record.connect_time) upstream.connect.add(*record.connect_time);
    if (record.upstream_time) upstream.response.add(*record.upstream_time);
    if (blames_upstream(record)) ++upstream.errors[record.reason];
  }
  if (connection.counts == nullptr) return;  // a request for a name that nobody configured
  HostCounts& host = *connection.counts;
  if (record.passthrough) {
    ++host.passed_through;
    host.passed_from_client += record.bytes_received;
    host.passed_from_upstream += record.bytes_sent;
    return;
  }
  if (record.tunnel) {
    ++host.tunnels_ended;
    return;
  }
  ++host.requests[record.status];
  host.request_bytes += record.bytes_received;
  host.response_bytes += record.bytes_sent;
}

void Telemetry::add(const Telemetry& other) {
  connections += other.connections;
  add_each(handshakes, other.handshakes);
  failed_handshakes += other.failed_handshakes;
  handshake.add(other.handshake);
  request.add(other.request);
  tunnel_life.add(other.tunnel_life);
  tunnel_ends.add(other.tunnel_ends);
  for (std::size_t i = 0; i < ping.size(); ++i) ping[i].add(other.ping[i]);
  for (const auto& [name, host] : other.hosts) hosts[name].add(host);
  for (const auto& [name, upstream] : other.upstreams) upstreams[name].add(upstream);
}

}  // namespace wssgate::gateway
