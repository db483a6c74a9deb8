#include "gateway/upstreams.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "upstream/resolve.h"

namespace wssgate::gateway {
namespace {

using Endpoints = std::vector<std::shared_ptr<upstream::Endpoint>>;

/// What logs call an endpoint: as configured, with the address that a name led to.
std::string label(const std::string& configured, const SocketAddress& address) {
  const std::string literal = address.text();
  return configured == literal ? literal : fmt::format("{} ({})", configured, literal);
}

using Terms = std::shared_ptr<const pki::PeerTerms>;

std::shared_ptr<pki::TlsPeer> peer(const Terms& terms, const std::string& configured) {
  if (!terms) return nullptr;
  return std::make_shared<pki::TlsPeer>(
      terms, terms->server_name.empty() ? host_to_verify(configured) : terms->server_name);
}

bool is_on(const upstream::Endpoint& endpoint, const Terms& terms) {
  if (!endpoint.tls || !terms) return !endpoint.tls && !terms;
  return endpoint.tls->terms().digest == terms->digest;
}

/// The endpoints that the upstream of this name had before, with the terms that it has now. On
/// other terms than before it is another object, since a connection or a TLS session is never used
/// on others than its own; how the endpoint does is still the same thing.
class Known {
 public:
  Known(const std::string& upstream, const upstream::Upstream* before, Terms terms,
        upstream::EndpointStates& states)
      : upstream_(upstream), terms_(std::move(terms)), states_(states) {
    if (before == nullptr) return;
    for (const upstream::Member& member : before->members()) {
      by_label_[member.endpoint->text] = member.endpoint;
    }
  }

  std::shared_ptr<upstream::Endpoint> find_or_make(const std::string& configured,
                                                   const SocketAddress& address) {
    const std::string text = label(configured, address);
    auto& known = by_label_[text];
    if (!known) {
      known = std::make_shared<upstream::Endpoint>(address, text, peer(terms_, configured),
                                                   states_.of(upstream_, text));
    }
    known = on_terms(known, configured);
    return known;
  }

  /// All that a name led to.
  Endpoints of_name(const std::string& configured) const {
    Endpoints found;
    for (const auto& [label, endpoint] : by_label_) {
      if (!endpoint->is_of_name(configured)) continue;
      found.push_back(on_terms(endpoint, configured));
    }
    return found;
  }

 private:
  std::shared_ptr<upstream::Endpoint> on_terms(const std::shared_ptr<upstream::Endpoint>& known,
                                               const std::string& configured) const {
    if (is_on(*known, terms_)) return known;
    return std::make_shared<upstream::Endpoint>(*known, peer(terms_, configured));
  }

  const std::string& upstream_;
  Terms terms_;
  upstream::EndpointStates& states_;
  std::map<std::string, std::shared_ptr<upstream::Endpoint>> by_label_;
};

upstream::ProxyHeader proxy_header_of(const config::Upstream& configured) {
  switch (configured.proxy_protocol) {
    case config::ProxyHeader::v1:
      return upstream::ProxyHeader::v1;
    case config::ProxyHeader::v2:
      return upstream::ProxyHeader::v2;
    case config::ProxyHeader::v2_ssl:
      return upstream::ProxyHeader::v2_ssl;
    case config::ProxyHeader::off:
      break;
  }
  return upstream::ProxyHeader::none;
}

Endpoints look_up(const config::Endpoint& endpoint, Known& known, Report& report) {
  const std::string& configured = endpoint.text;
  Endpoints endpoints;
  const auto addresses = upstream::resolve(configured);
  if (addresses) {
    for (const SocketAddress& address : *addresses) {
      endpoints.push_back(known.find_or_make(configured, address));
    }
    return endpoints;
  }
  endpoints = known.of_name(configured);
  report.warn(
      endpoint.at,
      fmt::format("the endpoint '{}' does not resolve: {}", configured, addresses.error().context),
      endpoints.empty() ? "requests that need it get 503 until it does"
                        : "it keeps the addresses that it had");
  return endpoints;
}

std::vector<upstream::Member> members_of(const config::Upstream& configured, Known& known,
                                         Report& report) {
  std::vector<upstream::Member> members;
  for (const config::Endpoint& each : configured.endpoints) {
    for (auto& endpoint : look_up(each, known, report)) {
      members.push_back(
          {.endpoint = std::move(endpoint),
           .weight = static_cast<std::uint32_t>(each.weight),
           .backup = each.backup,
           .max_connections = static_cast<std::uint32_t>(each.max_connections.value)});
    }
  }
  return members;
}

upstream::Balance balance_of(const config::Balance& configured) {
  if (configured.hash) return upstream::Balance::hash;
  switch (configured.method) {
    case config::BalanceMethod::round_robin:
      return upstream::Balance::round_robin;
    case config::BalanceMethod::random_two:
      return upstream::Balance::random_two;
    case config::BalanceMethod::least_connections:
      break;
  }
  return upstream::Balance::least_connections;
}

upstream::Terms terms_of(const config::Upstream& configured) {
  upstream::Terms terms{
      .proxy_header = proxy_header_of(configured),
      .balance = balance_of(configured.balance),
      .hash = {},
      .queue_length = configured.queue.length,
      .queue_timeout = configured.queue.timeout,
      .ejection = {.failures = static_cast<std::uint32_t>(configured.ejection.failures),
                   .time = configured.ejection.time,
                   .max_time = configured.ejection.max_time.value},
      .slow_start = configured.slow_start.value};
  if (configured.balance.hash) {
    const config::HashSource& by = configured.balance.hash->by;
    terms.hash = {.header = by.header.value, .cookie = by.cookie.value, .query = by.query.value};
  }
  return terms;
}

std::shared_ptr<upstream::Upstream> make_upstream(const config::Upstream& configured,
                                                  const Terms& tls,
                                                  std::shared_ptr<upstream::Upstream> before,
                                                  upstream::EndpointStates& states,
                                                  Report& report) {
  Known known(configured.name, before.get(), tls, states);
  auto members = members_of(configured, known, report);
  upstream::Terms terms = terms_of(configured);
  if (before && before->members() == members && before->terms() == terms) return before;
  auto queue = before ? before->queue() : std::make_shared<upstream::Queue>();
  return std::make_shared<upstream::Upstream>(configured.name, std::move(members), std::move(terms),
                                              std::move(queue));
}

}  // namespace

Upstreams make_upstreams(const std::vector<config::Upstream>& configured,
                         const UpstreamTlsTerms& tls, const Upstreams& before,
                         upstream::EndpointStates& states, Report& report) {
  Upstreams upstreams;
  for (const config::Upstream& upstream : configured) {
    const auto found = tls.find(upstream.name);
    const Terms terms = found == tls.end() ? nullptr : found->second;
    if (upstream.tls && !terms) continue;  // a problem that has been told: never in plain text
    const auto old = before.find(upstream.name);
    upstreams[upstream.name] =
        make_upstream(upstream, terms, old == before.end() ? nullptr : old->second, states, report);
  }
  return upstreams;
}

}  // namespace wssgate::gateway
