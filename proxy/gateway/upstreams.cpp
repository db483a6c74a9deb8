#include "gateway/upstreams.h"

#include <fmt/format.h>

#include <map>
#include <utility>

#include "upstream/resolve.h"

namespace wssgate::gateway {
namespace {

using Endpoint = std::shared_ptr<const upstream::Endpoint>;
using Endpoints = std::vector<Endpoint>;

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

/// The endpoints of the upstreams that served before. What is spoken with them tells them apart
/// too: a connection or a TLS session is never used on other terms.
class Known {
 public:
  explicit Known(const Upstreams& before) {
    for (const auto& [name, upstream] : before) {
      for (const Endpoint& endpoint : upstream->endpoints()) {
        const std::string terms = endpoint->tls ? endpoint->tls->terms().digest : "";
        by_terms_and_label_[{terms, endpoint->text}] = endpoint;
      }
    }
  }

  Endpoint find_or_make(const std::string& configured, const SocketAddress& address,
                        const Terms& terms) {
    Endpoint& known = by_terms_and_label_[{digest(terms), label(configured, address)}];
    if (!known) {
      known = std::make_shared<upstream::Endpoint>(upstream::Endpoint{
          .address = address, .text = label(configured, address), .tls = peer(terms, configured)});
    }
    return known;
  }

  /// All that a name led to.
  Endpoints of_name(const std::string& configured, const Terms& terms) const {
    Endpoints found;
    for (const auto& [key, endpoint] : by_terms_and_label_) {
      const auto& [digest_before, label] = key;
      if (digest_before != digest(terms) || !label.starts_with(configured + " (")) continue;
      found.push_back(endpoint);
    }
    return found;
  }

 private:
  static std::string digest(const Terms& terms) { return terms ? terms->digest : ""; }

  std::map<std::pair<std::string, std::string>, Endpoint> by_terms_and_label_;
};

void append(Endpoints& endpoints, const Endpoints& more) {
  endpoints.insert(endpoints.end(), more.begin(), more.end());
}

Endpoints look_up(const config::Endpoint& endpoint, const Terms& terms, Known& known,
                  Report& report) {
  const std::string& configured = endpoint.text;
  Endpoints endpoints;
  const auto addresses = upstream::resolve(configured);
  if (addresses) {
    for (const SocketAddress& address : *addresses) {
      endpoints.push_back(known.find_or_make(configured, address, terms));
    }
    return endpoints;
  }
  endpoints = known.of_name(configured, terms);
  report.warn(
      endpoint.at,
      fmt::format("the endpoint '{}' does not resolve: {}", configured, addresses.error().context),
      endpoints.empty() ? "requests that need it get 503 until a reload finds that it does"
                        : "it keeps the addresses that it had");
  return endpoints;
}

}  // namespace

Upstreams make_upstreams(const std::vector<config::Upstream>& configured,
                         const UpstreamTlsTerms& tls, const Upstreams& before, Report& report) {
  Known known(before);
  Upstreams upstreams;
  for (const config::Upstream& upstream : configured) {
    const auto found = tls.find(upstream.name);
    const Terms terms = found == tls.end() ? nullptr : found->second;
    Endpoints endpoints;
    for (const config::Endpoint& endpoint : upstream.endpoints) {
      if (upstream.tls && !terms) break;  // a problem that has been told: never in plain text
      append(endpoints, look_up(endpoint, terms, known, report));
    }
    const auto old = before.find(upstream.name);
    upstreams[upstream.name] =
        old != before.end() && old->second->endpoints() == endpoints
            ? old->second
            : std::make_shared<upstream::Upstream>(upstream.name, std::move(endpoints));
  }
  return upstreams;
}

}  // namespace wssgate::gateway
