#include "config/validate.h"

#include <fmt/format.h>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace wssgate::config {
namespace {

Place place_of(const SourceLocation& at) { return {at.line, at.column}; }

std::string place_text(const SourceLocation& at) {
  return fmt::format("line {}, column {}", at.line, at.column);
}

/// Remembers where each text stood first.
class FirstPlaces {
 public:
  /// Where the text stood before; null the first time.
  const SourceLocation* before(const std::string& text, const SourceLocation& at) {
    const auto [entry, fresh] = places_.try_emplace(text, &at);
    return fresh ? nullptr : entry->second;
  }

 private:
  std::unordered_map<std::string, const SourceLocation*> places_;
};

bool is_any(const SocketAddress& address) {
  return !address.is_unix() && (address.ip() == "0.0.0.0" || address.ip() == "::");
}

// 0.0.0.0 has every IPv4 address with its port, [::] every IPv6 one; neither has the other's.
std::string family_and_port(const SocketAddress& address) {
  return fmt::format("{} {}", address.family(), address.port());
}

void check_listeners(const Config& config, Problems& problems) {
  for (const Listener& listener : config.listeners) {
    if (listener.redirect_to_https == 0 || !listener.tls) continue;
    problems.add(place_of(listener.tls->at), "tls has no meaning on a listener that redirects",
                 "remove it, or 'redirect_to_https'");
  }
  FirstPlaces addresses;
  std::unordered_map<std::string, const Located<SocketAddress>*> any;
  for (const Listener& listener : config.listeners) {
    const auto& address = listener.address;
    if (is_any(address.value)) any.try_emplace(family_and_port(address.value), &address);
  }
  for (const Listener& listener : config.listeners) {
    const auto& address = listener.address;
    if (address.at.line == 0 || address.value.port() == 0) continue;
    if (const auto* first = addresses.before(address.value.text(), address.at)) {
      problems.add(place_of(address.at),
                   fmt::format("the listener {} stands twice, first at {}", address.value.text(),
                               place_text(*first)),
                   "remove one of them");
      continue;
    }
    const auto wider = any.find(family_and_port(address.value));
    if (wider == any.end() || is_any(address.value)) continue;
    problems.add(place_of(address.at),
                 fmt::format("the listener {} is part of {}, at {}", address.value.text(),
                             wider->second->value.text(), place_text(wider->second->at)),
                 "remove one of them");
  }
}

void check_names(const Config& config, Problems& problems) {
  struct First {
    const Host* host;
    const SourceLocation* at;
  };
  std::unordered_map<std::string, First> names;
  for (const Host& host : config.hosts) {
    for (const auto& name : host.names) {
      const auto [entry, fresh] = names.try_emplace(name.value.text(), First{&host, &name.at});
      if (fresh) continue;
      const First& first = entry->second;
      if (first.host == &host) {
        problems.add(place_of(name.at),
                     fmt::format("the name '{}' stands twice in this host, first at {}",
                                 entry->first, place_text(*first.at)),
                     "remove one of them");
      } else {
        problems.add(place_of(name.at),
                     fmt::format("the name '{}' belongs to another host already, at {}",
                                 entry->first, place_text(*first.at)),
                     "keep it in one of the two, and put all its routes there");
      }
    }
  }
}

void check_routes(const Host& host, Problems& problems) {
  FirstPlaces paths;
  for (const Route& route : host.routes) {
    if (!route.path.empty()) {
      if (const auto* first = paths.before(route.path, route.at)) {
        problems.add(place_of(route.at),
                     fmt::format("the path '{}' has two routes in this host, the first at {}",
                                 route.path, place_text(*first)),
                     "keep one of them");
      }
    }
    if (route.websocket == WebSocketRule::refused && !route.allowed_origins.empty()) {
      problems.add(place_of(route.allowed_origins.front().at),
                   "allowed_origins has no meaning where WebSockets are refused",
                   "remove it, or 'websocket: refused'");
    }
    if (route.websocket == WebSocketRule::refused && route.tunnel) {
      problems.add(place_of(route.tunnel->at), "tunnel has no meaning where WebSockets are refused",
                   "remove it, or 'websocket: refused'");
    }
  }
}

// hstspreload.org asks for no less.
void check_hsts(const Host& host, Problems& problems) {
  if (!host.hsts || !host.hsts->preload) return;
  if (host.hsts->include_subdomains && host.hsts->max_age >= std::chrono::hours(24 * 365)) return;
  problems.add(place_of(host.hsts->at),
               "hsts.preload needs include_subdomains and a max_age of at least 365d",
               "set both, or leave 'preload' out");
}

void check_references(const Config& config, Problems& problems) {
  std::unordered_set<std::string_view> defined;
  std::vector<std::string_view> listed;
  for (const Upstream& upstream : config.upstreams) {
    defined.insert(upstream.name);
    listed.push_back(upstream.name);
  }
  if (defined.empty()) return;  // which is a problem by itself, told already
  for (const Host& host : config.hosts) {
    for (const Route& route : host.routes) {
      if (problems.full()) return;
      if (route.upstream.value.empty() || defined.count(route.upstream.value) != 0) continue;
      problems.add(
          place_of(route.upstream.at),
          fmt::format("no upstream is called '{}'", route.upstream.value),
          suggest(route.upstream.value, listed, "define it under 'upstreams', which has:"));
    }
  }
}

void check_upstreams(const Config& config, Problems& problems) {
  for (const Upstream& upstream : config.upstreams) {
    FirstPlaces endpoints;
    for (const Endpoint& endpoint : upstream.endpoints) {
      if (const auto* first = endpoints.before(endpoint.text, endpoint.at)) {
        problems.add(place_of(endpoint.at),
                     fmt::format("the endpoint {} stands twice in this upstream, first at {}",
                                 endpoint.text, place_text(*first)),
                     "remove one of them");
      }
    }
  }
}

}  // namespace

void validate(const Config& config, Problems& problems) {
  check_listeners(config, problems);
  check_names(config, problems);
  for (const Host& host : config.hosts) {
    check_routes(host, problems);
    check_hsts(host, problems);
  }
  check_references(config, problems);
  check_upstreams(config, problems);
}

}  // namespace wssgate::config
