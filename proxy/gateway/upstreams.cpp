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

/// The endpoints of the upstreams that served before.
class Known {
 public:
  explicit Known(const Upstreams& before) {
    for (const auto& [name, upstream] : before) {
      for (const Endpoint& endpoint : upstream->endpoints()) by_label_[endpoint->text] = endpoint;
    }
  }

  Endpoint find_or_make(const std::string& configured, const SocketAddress& address) {
    Endpoint& known = by_label_[label(configured, address)];
    if (!known) {
      known = std::make_shared<upstream::Endpoint>(
          upstream::Endpoint{.address = address, .text = label(configured, address)});
    }
    return known;
  }

  /// All that a name led to.
  Endpoints of_name(const std::string& configured) const {
    Endpoints found;
    for (const auto& [label, endpoint] : by_label_) {
      if (label.starts_with(configured + " (")) found.push_back(endpoint);
    }
    return found;
  }

 private:
  std::map<std::string, Endpoint> by_label_;
};

void append(Endpoints& endpoints, const Endpoints& more) {
  endpoints.insert(endpoints.end(), more.begin(), more.end());
}

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
      endpoints.empty() ? "requests that need it get 503 until a reload finds that it does"
                        : "it keeps the addresses that it had");
  return endpoints;
}

}  // namespace

Upstreams make_upstreams(const std::vector<config::Upstream>& configured, const Upstreams& before,
                         Report& report) {
  Known known(before);
  Upstreams upstreams;
  for (const config::Upstream& upstream : configured) {
    Endpoints endpoints;
    for (const config::Endpoint& endpoint : upstream.endpoints) {
      append(endpoints, look_up(endpoint, known, report));
    }
    const auto proxy_header = proxy_header_of(upstream);
    const auto old = before.find(upstream.name);
    const bool same = old != before.end() && old->second->endpoints() == endpoints &&
                      old->second->proxy_header() == proxy_header;
    upstreams[upstream.name] = same ? old->second
                                    : std::make_shared<upstream::Upstream>(
                                          upstream.name, std::move(endpoints), proxy_header);
  }
  return upstreams;
}

}  // namespace wssgate::gateway
