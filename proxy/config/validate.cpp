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

/// What a host that is passed through cannot have: all of it is about TLS that ends here.
void check_passthrough(const Host& host, Problems& problems) {
  if (host.passthrough.value.empty()) return;
  const auto refuse = [&](std::string_view key, const SourceLocation& at) {
    problems.add(place_of(at),
                 fmt::format("'{}' has no meaning in a host that is passed through: its TLS ends "
                             "at its upstream",
                             key),
                 "remove it, or 'passthrough'");
  };
  if (!host.routes.empty()) refuse("routes", host.routes.front().at);
  if (host.certificate) refuse("certificate", host.certificate->chain.at);
  if (host.hsts) refuse("hsts", host.hsts->at);
  if (host.ocsp.at.line != 0) refuse("ocsp", host.ocsp.at);
  if (host.client_certificates) refuse("client_certificates", host.client_certificates->ca.at);
  if (host.tls) refuse("tls", host.tls->at);
}

/// What is passed through is TLS already, and nobody sees requests in it.
void check_passed_to(const Host& host, const Upstream& upstream, Problems& problems) {
  const auto refuse = [&](std::string what, std::string instead) {
    problems.add(place_of(host.passthrough.at),
                 fmt::format("the upstream '{}' {}", upstream.name, what), std::move(instead));
  };
  if (upstream.tls) {
    refuse("has tls, and what is passed through to it is TLS already",
           "name an upstream without tls");
  }
  if (upstream.health && upstream.health->check != HealthCheck::tcp) {
    refuse("is checked in plain HTTP, and what is passed through to it is TLS",
           "write 'check: tcp' in its health section");
  }
  if (!upstream.balance.hash) return;
  const HashSource& by = upstream.balance.hash->by;
  if (by.header.value.empty() && by.cookie.value.empty() && by.query.value.empty()) return;
  refuse("is hashed by what stands in requests, and nobody sees them in what is passed through",
         "write 'by: client_address'");
}

void check_passthrough_upstreams(const Config& config, Problems& problems) {
  for (const Host& host : config.hosts) {
    for (const Upstream& upstream : config.upstreams) {
      if (upstream.name == host.passthrough.value) check_passed_to(host, upstream, problems);
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
  const auto check = [&](const Located<std::string>& upstream) {
    if (problems.full() || upstream.value.empty() || defined.count(upstream.value) != 0) return;
    problems.add(place_of(upstream.at), fmt::format("no upstream is called '{}'", upstream.value),
                 suggest(upstream.value, listed, "define it under 'upstreams', which has:"));
  };
  for (const Host& host : config.hosts) {
    check(host.passthrough);
    for (const Route& route : host.routes) check(route.upstream);
  }
}

void check_tls(const Upstream& upstream, const UpstreamTls& tls, Problems& problems) {
  if (!tls.verify && !tls.ca.value.empty()) {
    problems.add(place_of(tls.ca.at), "tls.ca has no meaning where nothing is verified",
                 "remove 'verify: off'");
  }
  if (!tls.server_name.value.empty()) return;
  for (const Endpoint& endpoint : upstream.endpoints) {
    if (!endpoint.text.starts_with("unix:")) continue;
    problems.add(place_of(endpoint.at),
                 fmt::format("the endpoint {} has no host name that its certificate could be for",
                             endpoint.text),
                 "name it in this upstream: 'tls: {server_name: app.internal}'");
  }
}

void check_upstreams(const Config& config, Problems& problems) {
  for (const Upstream& upstream : config.upstreams) {
    if (upstream.tls) check_tls(upstream, *upstream.tls, problems);
    FirstPlaces endpoints;
    bool all_backups = !upstream.endpoints.empty();
    for (const Endpoint& endpoint : upstream.endpoints) {
      all_backups = all_backups && endpoint.backup;
      if (endpoint.text.empty()) continue;  // it could not be read
      if (const auto* first = endpoints.before(endpoint.text, endpoint.at)) {
        problems.add(place_of(endpoint.at),
                     fmt::format("the endpoint {} stands twice in this upstream, first at {}",
                                 endpoint.text, place_text(*first)),
                     "remove one of them");
      }
    }
    if (all_backups) {
      problems.add(place_of(upstream.endpoints.front().at),
                   fmt::format("every endpoint of {} is a backup, and of none", upstream.name),
                   "leave 'backup' out where the requests are to go");
    }
    const Ejection& ejection = upstream.ejection;
    if (ejection.max_time.value < ejection.time) {
      problems.add(place_of(ejection.max_time.at),
                   fmt::format("ejection.max_time is shorter than ejection.time, which is {}",
                               format_duration(ejection.time)),
                   "give it at least that");
    }
  }
}

bool covers(const SocketAddress& wide, const SocketAddress& narrow) {
  return family_and_port(wide) == family_and_port(narrow) &&
         (is_any(wide) || wide.ip() == narrow.ip());
}

// An address that was not given stands in no line.
void check_admin(const Config& config, Problems& problems) {
  const Admin& admin = config.admin;
  if (admin.http.at.line == 0) return;
  for (const Listener& listener : config.listeners) {
    const SocketAddress& taken = listener.address.value;
    if (taken.port() == 0 || listener.address.at.line == 0) continue;
    if (!covers(taken, admin.http.value) && !covers(admin.http.value, taken)) continue;
    problems.add(
        place_of(admin.http.at),
        fmt::format("admin.http {} is the address of the listener {}, at {}",
                    admin.http.value.text(), taken.text(), place_text(listener.address.at)),
        "give it a port of its own");
    return;
  }
  if (admin.http.value.is_loopback() || !admin.token.value.empty()) return;
  problems.add(
      place_of(admin.http.at),
      fmt::format("admin.http {} can be reached from other machines, and nothing says who may "
                  "ask there",
                  admin.http.value.text()),
      "write 'token' with a file that holds a secret, or listen on 127.0.0.1");
}

}  // namespace

void validate(const Config& config, Problems& problems) {
  check_listeners(config, problems);
  check_names(config, problems);
  for (const Host& host : config.hosts) {
    check_routes(host, problems);
    check_hsts(host, problems);
    check_passthrough(host, problems);
  }
  check_references(config, problems);
  check_upstreams(config, problems);
  check_passthrough_upstreams(config, problems);
  check_admin(config, problems);
}

}  // namespace wssgate::config
