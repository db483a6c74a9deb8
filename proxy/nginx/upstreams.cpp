#include "nginx/upstreams.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/address.h"
#include "base/text.h"
#include "nginx/translate.h"
#include "nginx/traps.h"

namespace wssgate::nginx {
namespace {

constexpr std::uint64_t kHeaviest = 1000;
constexpr std::uint64_t kMostConnections = 1'000'000;
constexpr std::size_t kLongestName = 64;

/// What a name of an upstream may hold.
std::string name_from(std::string_view text) {
  std::string name;
  for (const char c : text.substr(0, kLongestName - 4)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
    if (fits) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "upstream" : name;
}

bool is_endpoint(const std::string& address) {
  if (address.starts_with("unix:")) {
    return address.starts_with("unix:/") && SocketAddress::parse(address).has_value();
  }
  const auto parts = parse_host_port(address);
  if (!parts) return false;
  return SocketAddress::parse(address).has_value() || canonical_hostname(parts->host).has_value();
}

/// What a header, cookie or query parameter can be called here.
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

/// The rest of `key` where it begins with `prefix` and the rest is a name; else "".
std::string name_after(const std::string& key, std::string_view prefix) {
  if (!key.starts_with(prefix) || !is_token(key.substr(prefix.size()))) return {};
  return key.substr(prefix.size());
}

bool same_endpoints(const DraftUpstream& a, const DraftUpstream& b) {
  const auto same = [](const DraftEndpoint& x, const DraftEndpoint& y) {
    return x.address == y.address && x.weight == y.weight && x.backup == y.backup &&
           x.max_connections == y.max_connections;
  };
  return std::equal(a.endpoints.begin(), a.endpoints.end(), b.endpoints.begin(), b.endpoints.end(),
                    same);
}

}  // namespace

void UpstreamWriter::lost(const Directive& at, std::string what, std::string why) {
  findings_.add({FindingId::untranslated, at.at, at.text(), std::move(what), std::move(why)});
}

void UpstreamWriter::note(const Directive& at, std::string what, std::string why) {
  findings_.add({FindingId::detail, at.at, at.text(), std::move(what), std::move(why)});
}

void UpstreamWriter::hash(const Directive& directive, DraftUpstream& into) {
  const std::string& key = directive.arg(0);
  std::string by;
  if (key == "$remote_addr" || key == "$binary_remote_addr") {
    by = "client_address";
  } else if (std::string header = name_after(key, "$http_"); !header.empty()) {
    std::replace(header.begin(), header.end(), '_', '-');
    by = fmt::format("{{header: {}}}", yaml_scalar(header));
  } else if (const std::string cookie = name_after(key, "$cookie_"); !cookie.empty()) {
    by = fmt::format("{{cookie: {}}}", yaml_scalar(cookie));
  } else if (const std::string query = name_after(key, "$arg_"); !query.empty()) {
    by = fmt::format("{{query: {}}}", yaml_scalar(query));
  } else {
    return lost(directive, "it keeps together what is alike by this key",
                "wssgate hashes by the client's address, a header, a cookie or a query parameter; "
                "without one it is least_connections");
  }
  into.balance = fmt::format("{{hash: {{by: {}}}}}", by);
}

void UpstreamWriter::balance(const Upstream& upstream, DraftUpstream& into) {
  into.balance = "round_robin";  // nginx's default; wssgate's is least_connections
  for (const Directive& directive : upstream.from->block) {
    if (directive.name == "ip_hash") {
      into.balance = "{hash: {by: client_address}}";
      note(directive, "nginx hashes the first three bytes of an IPv4 address",
           "wssgate hashes all four: clients of one /24 spread");
    } else if (directive.name == "least_conn") {
      into.balance = "least_connections";
    } else if (directive.name == "random") {
      into.balance = "random_two";
      if (directive.arg(0) != "two") {
        note(directive, "nginx draws one endpoint",
             "wssgate draws two and takes the less busy one");
      }
    } else if (directive.name == "hash") {
      into.balance = "least_connections";
      hash(directive, into);
    }
  }
}

void UpstreamWriter::health(const Upstream& upstream, DraftUpstream& into) {
  std::optional<std::uint64_t> fails;
  std::optional<Duration> time;
  bool differ = false;
  for (const UpstreamServer& server : upstream.servers) {
    if (server.down) continue;
    if (server.max_fails) {
      differ = differ || (fails && *fails != *server.max_fails);
      fails = server.max_fails;
    }
    if (server.fail_timeout) {
      differ = differ || (time && *time != *server.fail_timeout);
      time = server.fail_timeout;
    }
    if (server.slow_start && server.slow_start->count() > 0 &&
        into.balance.find("hash") == std::string::npos) {
      into.slow_start = std::min(*server.slow_start, kLongestTime);
    }
  }
  if (differ) {
    note(*upstream.from, "its servers have different max_fails or fail_timeout",
         "wssgate has one ejection section for an upstream; it is wssgate's default here");
    return;
  }
  if (fails && *fails == 0) {
    note(*upstream.from, "max_fails=0 keeps servers in that fail",
         "wssgate takes an endpoint out after 3 failures in a row, for 5s, but never the last one");
    return;
  }
  if (fails) into.failures = std::min<std::uint64_t>(*fails, 1000);
  if (time && time->count() > 0) into.ejection_time = std::min(*time, kLongestTime);
}

DraftUpstream UpstreamWriter::from_block(const Upstream& upstream) {
  used_.insert(upstream.from);
  DraftUpstream made;
  made.comment = fmt::format("{}: upstream {}", place_text(upstream.from->at), upstream.name);
  made.name = name_from(upstream.name);
  balance(upstream, made);
  health(upstream, made);
  for (const UpstreamServer& server : upstream.servers) {
    if (server.down) {
      note(*server.from, "the server is marked down", "it is left out");
      continue;
    }
    if (!is_endpoint(server.address)) {
      lost(*server.from, "its address cannot be used as an endpoint",
           "it is left out; write it as ip:port, name:port or unix:/path");
      continue;
    }
    for (const std::string& other : server.others) {
      lost(*server.from, fmt::format("its parameter '{}'", printable(other)),
           "wssgate has nothing like it");
    }
    if (server.weight > kHeaviest) {
      lost(*server.from, "a weight of more than wssgate has",
           fmt::format("it becomes {}; the shares of all are others by that", kHeaviest));
    }
    DraftEndpoint endpoint{server.address, std::clamp<std::uint64_t>(server.weight, 1, kHeaviest),
                           server.backup, std::min(server.max_connections, kMostConnections)};
    const auto same =
        std::find_if(made.endpoints.begin(), made.endpoints.end(),
                     [&](const DraftEndpoint& each) { return each.address == endpoint.address; });
    if (same == made.endpoints.end()) {
      made.endpoints.push_back(std::move(endpoint));
      continue;
    }
    same->weight = std::min(same->weight + endpoint.weight, kHeaviest);
    note(*server.from, "the same server stands twice", "it is one endpoint with both weights");
  }
  const bool all_backups = std::all_of(made.endpoints.begin(), made.endpoints.end(),
                                       [](const DraftEndpoint& each) { return each.backup; });
  if (all_backups) {
    for (DraftEndpoint& each : made.endpoints) each.backup = false;
  }
  return made;
}

DraftTls UpstreamWriter::tls(const ProxyTarget& target, const Scope& scope,
                             const DraftUpstream& upstream) {
  DraftTls tls;
  tls.verify = scope.is_on("proxy_ssl_verify");
  const Directive* const name = scope.find("proxy_ssl_name");
  const bool is_address = name != nullptr && name->arg(0).find('/') == std::string::npos &&
                          Network::parse(name->arg(0)).has_value();
  if (name != nullptr && (is_address || canonical_hostname(name->arg(0)))) {
    tls.server_name = name->arg(0);
  } else if (name != nullptr) {
    lost(*name,
         "the name that the backend's certificate must be for is none, or differs by request",
         "wssgate has one for an upstream: write it as tls.server_name; until then it is the "
         "endpoint's own");
  } else if (target.upstream != nullptr && tls.verify &&
             canonical_hostname(target.upstream->name)) {
    tls.server_name = target.upstream->name;  // nginx's $proxy_host
  }
  const bool on_socket =
      std::any_of(upstream.endpoints.begin(), upstream.endpoints.end(),
                  [](const DraftEndpoint& each) { return each.address.starts_with("unix:"); });
  if (tls.server_name.empty() && on_socket) tls.server_name = "localhost";
  if (tls.verify) {
    const std::string ca = scope.value("proxy_ssl_trusted_certificate");
    if (!ca.empty()) tls.ca = below(main_file_, ca);
  }
  const Directive* const chain = scope.find("proxy_ssl_certificate");
  if (chain == nullptr || chain->arg(0).empty()) return tls;
  const std::string key = scope.value("proxy_ssl_certificate_key");
  const auto is_file = [](const std::string& path) {
    return !path.empty() && path.find('$') == std::string::npos && !path.starts_with("data:") &&
           !path.starts_with("engine:") && !path.starts_with("store:");
  };
  if (!is_file(chain->arg(0)) || !is_file(key)) {
    lost(*chain, "the certificate towards the backend is in no file, or has no key in one",
         "put chain and key into files");
  } else {
    tls.chain = below(main_file_, chain->arg(0));
    tls.key = below(main_file_, key);
  }
  return tls;
}

std::string UpstreamWriter::keep(DraftUpstream upstream) {
  // What is the same has been called the same.
  const std::string wanted = upstream.name;
  std::vector<std::size_t>& namesakes = namesakes_[wanted];
  const auto same = [&](std::size_t index) {
    const DraftUpstream& each = upstreams_[index];
    return same_endpoints(each, upstream) && each.tls == upstream.tls &&
           each.balance == upstream.balance && each.proxy_protocol == upstream.proxy_protocol &&
           each.comment == upstream.comment;
  };
  const auto found = std::find_if(namesakes.begin(), namesakes.end(), same);
  if (found != namesakes.end()) return upstreams_[*found].name;
  for (int number = 2; !names_.insert(upstream.name).second; ++number) {
    upstream.name = fmt::format("{}-{}", wanted, number);
  }
  namesakes.push_back(upstreams_.size());
  upstreams_.push_back(std::move(upstream));
  return upstreams_.back().name;
}

std::string UpstreamWriter::of(const ProxyTarget& target, const Scope& scope) {
  DraftUpstream made;
  if (target.upstream != nullptr) {
    made = from_block(*target.upstream);
  } else {
    made.name = name_from(target.address);
    if (is_endpoint(target.address)) made.endpoints.push_back({target.address});
  }
  if (made.endpoints.empty()) return {};
  if (target.tls) made.tls = tls(target, scope, made);
  return keep(std::move(made));
}

std::string UpstreamWriter::of_stream(const std::string& address, const Realm& stream,
                                      const Directive& at, bool proxy_protocol) {
  DraftUpstream made;
  if (const Upstream* const block = stream.upstream(address)) {
    made = from_block(*block);
  } else if (is_endpoint(address)) {
    made.name = name_from(address);
    made.endpoints.push_back({address});
  }
  if (made.endpoints.empty()) {
    lost(at, fmt::format("'{}' is neither an upstream nor an address", printable(address)),
         "its names are left out");
    return {};
  }
  // What stands in requests is not seen in what is passed through.
  const bool by_request = made.balance.find("{header:") != std::string::npos ||
                          made.balance.find("{cookie:") != std::string::npos ||
                          made.balance.find("{query:") != std::string::npos;
  if (by_request) made.balance = "{hash: {by: client_address}}";
  made.proxy_protocol = proxy_protocol;
  return keep(std::move(made));
}

void UpstreamWriter::tell_unused(const Realm& realm) {
  for (const Upstream& upstream : realm.upstreams) {
    if (used_.count(upstream.from) != 0) continue;
    note(*upstream.from, "nothing that is carried over leads here", "it is left out");
  }
}

std::string UpstreamWriter::closed() {
  DraftUpstream made;
  made.name = kClosedUpstream;
  made.comment = "Never there, so that what nginx did not send on gets 502. See the report.";
  made.endpoints.push_back({"unix:/nonexistent/not-carried-over.sock"});
  return keep(std::move(made));
}

}  // namespace wssgate::nginx
