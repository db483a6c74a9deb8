#include "gateway/figures.h"

#include <algorithm>

namespace wssgate::gateway {

HostFigures HostFigures::of(const HostCounts& counts) {
  return {.requests = counts.requests_ended,
          .tunnels_begun = counts.tunnels_begun,
          .tunnels_ended = counts.tunnels_ended,
          .passing_through = counts.passing_through,
          .messages = counts.from_client.messages + counts.from_upstream.messages,
          .bytes_from_clients =
              counts.from_client.bytes + counts.request_bytes + counts.passed_from_client,
          .bytes_from_upstreams =
              counts.from_upstream.bytes + counts.response_bytes + counts.passed_from_upstream};
}

void HostFigures::add(const HostFigures& other) {
  requests += other.requests;
  tunnels_begun += other.tunnels_begun;
  tunnels_ended += other.tunnels_ended;
  passing_through += other.passing_through;
  messages += other.messages;
  bytes_from_clients += other.bytes_from_clients;
  bytes_from_upstreams += other.bytes_from_upstreams;
}

void WorkerFigures::take(const Telemetry& telemetry, const RefusedNames& names) {
  tunnel_ends = telemetry.tunnel_ends;
  refused_names = names;
  no_host = HostFigures::of(telemetry.no_host);
}

bool WorkerFigures::take_hosts(const std::vector<const SeenHost*>& seen, std::size_t most) {
  if (hosts.empty()) hosts.reserve(seen.size());
  const std::size_t end = std::min(seen.size(), hosts.size() + most);
  for (std::size_t i = hosts.size(); i < end; ++i) {
    hosts.emplace_back(&seen[i]->first, HostFigures::of(seen[i]->second));
  }
  return end == seen.size();
}

void Figures::add(const WorkerFigures& worker) {
  tunnel_ends.add(worker.tunnel_ends);
  refused_names.add(worker.refused_names);
  all.add(worker.no_host);
  for (const auto& [name, figures] : worker.hosts) {
    all.add(figures);
    hosts[*name].add(figures);
  }
}

void Figures::reset() {
  tunnel_ends = {};
  refused_names = {};
  all = {};
  for (auto& [name, figures] : hosts) figures = {};
}

}  // namespace wssgate::gateway
