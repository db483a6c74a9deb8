#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hostname.h"
#include "config/model.h"
#include "pki/server_context.h"
#include "upstream/upstream.h"

namespace wssgate::gateway {

/// A path of a host and where it leads.
struct Route {
  std::string path;
  std::shared_ptr<upstream::Upstream> upstream;
  config::WebSocketRule websocket;
  std::vector<std::string> allowed_origins;
  config::WebSocketTerms tunnel;

  /// `path` itself or something below it, whole segments only: "/ws" covers "/ws" and "/ws/a" but
  /// not "/wsx"; "/ws/" covers "/ws/a" but not "/ws".
  bool covers(std::string_view request_path) const;
};

/// A set of names that we answer to, and its routes.
struct Host {
  std::vector<HostPattern> names;
  std::vector<Route> routes;
  /// Who gets the TLS of these names as it comes; null where it ends here.
  std::shared_ptr<upstream::Upstream> passthrough;
  /// The value of the field in its responses; empty: none.
  std::string strict_transport_security;

  /// The first name as written: what logs call this host.
  std::string label() const { return names.front().text(); }
  /// The route with the longest path that covers this one, or null.
  const Route* route(std::string_view request_path) const;
};

/// One configured name: its host, and what its handshakes go by (nothing where they are passed
/// through).
struct Site {
  std::shared_ptr<const Host> host;
  /// At most one of each key type; empty where no certificate may serve the name any more.
  std::vector<pki::ServedCertificate> certificates;
  /// The contexts with them, by the profile of the listener (TlsProfiles); none when there are no
  /// certificates.
  std::vector<std::shared_ptr<const pki::ServerContext>> tls;

  /// What a connection of this profile shakes hands by; null where no certificate may serve.
  const pki::ServerContext* context(std::size_t profile) const {
    return profile < tls.size() ? tls[profile].get() : nullptr;
  }
  /// Slots that must hold a good staple, or the handshake is refused.
  std::vector<std::shared_ptr<const pki::StapleSlot>> needed_staples;
  /// When the first of the certificates ends: from then on nothing is served, until a reload (which
  /// comes by itself) has sorted out what still may.
  std::chrono::system_clock::time_point end = std::chrono::system_clock::time_point::max();
};

/// From a server name to its site. There is no default: what is not in here is refused.
class RouteTable {
 public:
  /// Each name once; the loader has refused duplicates.
  void add(const HostPattern& name, Site site);

  /// `name` is canonical. An exact name wins over a wildcard. (A wildcard covers one label, so no
  /// two of them can cover the same name.)
  const Site* match(std::string_view name) const;

  /// The site of a name as configured, or null.
  const Site* find(const HostPattern& name) const;
  /// Every configured name, in no order.
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (const auto& [name, site] : exact_) visit(name, site);
    for (const auto& [suffix, site] : below_) visit("*." + suffix, site);
  }

  /// The configured name most like `name`, for the log; empty when none is alike. Looks at a
  /// bounded number of names: a refusal must stay cheap. control::NearestNames looks at all.
  std::string nearest(std::string_view name) const;

 private:
  std::unordered_map<std::string, Site> exact_;
  std::unordered_map<std::string, Site> below_;  // by what follows the "*."
};

}  // namespace wssgate::gateway
