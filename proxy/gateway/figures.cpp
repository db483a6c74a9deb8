#include "gateway/figures.h"

namespace wssgate::gateway {
namespace {

HostFigures figures_of(const HostCounts& counts) {
  HostFigures figures{.tunnels_begun = counts.tunnels_begun,
                      .tunnels_ended = counts.tunnels_ended,
                      .messages = counts.from_client.messages + counts.from_upstream.messages,
                      .bytes_from_clients = counts.from_client.bytes + counts.request_bytes +
                                            counts.passed_from_client,
                      .bytes_from_upstreams = counts.from_upstream.bytes + counts.response_bytes +
                                              counts.passed_from_upstream};
  for (const auto& [status, count] : counts.requests) figures.requests += count;
  return figures;
}

}  // namespace

void HostFigures::add(const HostFigures& other) {
  requests += other.requests;
  tunnels_begun += other.tunnels_begun;
  tunnels_ended += other.tunnels_ended;
  messages += other.messages;
  bytes_from_clients += other.bytes_from_clients;
  bytes_from_upstreams += other.bytes_from_upstreams;
}

Figures Figures::of(const Telemetry& telemetry, const RefusedNames& refused_names) {
  Figures figures{.connections = telemetry.connections,
                  .tunnel_ends = telemetry.tunnel_ends,
                  .refused_names = refused_names,
                  .hosts = {}};
  figures.hosts.reserve(telemetry.hosts.size());
  for (const auto& [host, counts] : telemetry.hosts) {
    figures.hosts.emplace(host, figures_of(counts));
  }
  return figures;
}

void Figures::add(const Figures& other) {
  connections += other.connections;
  tunnel_ends.add(other.tunnel_ends);
  refused_names.add(other.refused_names);
  for (const auto& [host, figures] : other.hosts) hosts[host].add(figures);
}

}  // namespace wssgate::gateway
