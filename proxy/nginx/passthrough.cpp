#include "nginx/passthrough.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/hostname.h"
#include "base/text.h"
#include "nginx/certificates.h"
#include "nginx/traps.h"

namespace wssgate::nginx {
namespace {

class StreamTranslator {
 public:
  StreamTranslator(Model& model, Draft& draft, UpstreamWriter& upstreams, Findings& findings)
      : model_(model), draft_(draft), upstreams_(upstreams), findings_(findings) {
    for (const DraftHost& host : draft.hosts)
      terminated_.insert(host.names.begin(), host.names.end());
  }

  void translate() {
    for (const Server& server : model_.stream.servers) one(server);
    for (const Server& server : model_.http.servers) close_private(server);
  }

 private:
  void lost(const Directive& at, std::string what, std::string why) {
    findings_.add({FindingId::untranslated, at.at, at.text(), std::move(what), std::move(why)});
  }
  void note(const Directive& at, std::string what, std::string why) {
    findings_.add({FindingId::detail, at.at, at.text(), std::move(what), std::move(why)});
  }

  void one(const Server& server) {
    const Directive* const pass = server.scope->find("proxy_pass");
    if (pass == nullptr) {
      return lost(*server.from, "it answers connections without a proxy_pass",
                  "wssgate passes TLS on by its name, and nothing else of stream");
    }
    model_.read.insert(pass);
    if (server.has_tls()) {
      return lost(*server.from, "it ends TLS and passes on bytes that are not HTTP",
                  "wssgate ends TLS for HTTP and WebSocket alone");
    }
    if (!server.scope->is_on("ssl_preread")) {
      return lost(*server.from, "it passes on every connection, whatever its name",
                  "wssgate passes TLS on by its server name: list the names as hosts with "
                  "'passthrough'");
    }
    in_front_ = true;
    const std::string& target = pass->arg(0);
    guard_ = server.scope->find("deny");
    if (!target.starts_with('$')) {
      if (guard_ == nullptr && leads_home(target)) all_lead_home_ = true;
      return lost(*pass, "it passes on every name",
                  "wssgate answers to names that are listed alone: write them as a host with "
                  "'passthrough'");
    }
    const Map* const map = model_.stream.map_to(target);
    if (map == nullptr || map->source != "$ssl_preread_server_name") {
      // By the protocol, say: then names are no matter.
      const bool home = map != nullptr &&
                        std::any_of(map->entries.begin(), map->entries.end(),
                                    [&](const MapEntry& entry) { return leads_home(entry.value); });
      if (guard_ == nullptr && home) all_lead_home_ = true;
      return lost(
          *pass,
          fmt::format("{} does not come from a map of $ssl_preread_server_name", printable(target)),
          "write the names as hosts with 'passthrough'");
    }
    if (guard_ != nullptr) {
      model_.read.insert(guard_);
      lost(*guard_, "addresses are refused in stream",
           "wssgate has no rules like that: what goes through here is closed, until the network "
           "guards it");
    }
    entries(*map, server.scope->is_on("proxy_protocol"));
  }

  static bool is_private(const Listen& listen) {
    const std::string& address = listen.address;
    return address.starts_with("127.") || address.starts_with("[::1]:") ||
           address.starts_with("unix:");
  }

  /// Behind stream a server of http that listens on loopback alone has those clients that a map
  /// leads to it. Its host would have all.
  void close_private(const Server& server) {
    if (!in_front_ || all_lead_home_ || !server.has_tls()) return;
    if (!std::all_of(server.listens.begin(), server.listens.end(),
                     [](const Listen& listen) { return !listen.tls || is_private(listen); })) {
      return;
    }
    std::vector<std::string> others;
    const Directive& at = server.named_at != nullptr ? *server.named_at : *server.from;
    for (const HostPattern& pattern : host_names(server, others)) close_private(pattern, at);
  }

  void close_private(const HostPattern& pattern, const Directive& at) {
    const std::string name = pattern.text();
    const bool led = std::any_of(led_home_.begin(), led_home_.end(), [&](const HostPattern& each) {
      return each == pattern || each.covers(pattern);
    });
    if (led) return;
    const auto host =
        std::find_if(draft_.hosts.begin(), draft_.hosts.end(), [&](const DraftHost& each) {
          return each.passthrough.empty() &&
                 std::find(each.names.begin(), each.names.end(), name) != each.names.end();
        });
    if (host == draft_.hosts.end()) return;
    lost(at, fmt::format("'{}' is reached on loopback alone, and stream leads nobody there", name),
         "a host answers on all listeners: 502 for everything, so that nothing is exposed");
    DraftHost closed = *host;
    closed.names = {name};
    closed.routes = {{closed.comment, "/", upstreams_.closed()}};
    if (host->names.size() == 1) {
      *host = std::move(closed);
      return;
    }
    std::erase(host->names, name);
    draft_.hosts.push_back(std::move(closed));
  }

  /// The server of http that listens where this leads to.
  bool leads_home(const std::string& value) const {
    std::string address = value;
    if (const Upstream* const block = model_.stream.upstream(value)) {
      if (block->servers.size() != 1) return false;
      address = block->servers.front().address;
    }
    const auto listens_there = [&](const Listen& listen) {
      if (!listen.tls) return false;
      if (listen.address == address) return true;
      const bool any =
          listen.address.starts_with("0.0.0.0:") || listen.address.starts_with("[::]:");
      const auto port = address.rfind(':');
      const bool local = address.starts_with("127.") || address.starts_with("localhost:") ||
                         address.starts_with("[::1]:");
      return any && local && port != std::string::npos &&
             address.substr(port + 1) == std::to_string(listen.port);
    };
    return std::any_of(
        model_.http.servers.begin(), model_.http.servers.end(), [&](const Server& server) {
          return std::any_of(server.listens.begin(), server.listens.end(), listens_there);
        });
  }

  void entries(const Map& map, bool proxy_protocol) {
    model_.read.insert(map.from);
    for (const MapEntry& entry : map.entries) {
      if (entry.key == "default" || entry.key == "''" || entry.key.empty()) {
        otherwise(entry);
      } else {
        name(map, entry, proxy_protocol);
      }
    }
  }

  void otherwise(const MapEntry& entry) {
    if (leads_home(entry.value)) {
      if (guard_ == nullptr) all_lead_home_ = true;
      return note(*entry.from, "all other names go to the servers of http",
                  "wssgate ends their TLS on the same listener, without the way through a port of "
                  "its own");
    }
    lost(*entry.from, "all other names, and connections without one, go there",
         "wssgate answers to names that are listed alone, others get an alert");
  }

  void name(const Map& map, const MapEntry& entry, bool proxy_protocol) {
    if (entry.key.starts_with('~')) {
      return lost(*entry.from, "the names are an expression",
                  "write them out, or as a wildcard for one label: '*.example.com'");
    }
    std::vector<std::string> names;
    const std::string key = to_lower(entry.key);
    const bool wild = key.starts_with('.') || key.find('*') != std::string::npos;
    if (wild && !map.hostnames) {
      return note(*entry.from, "without 'hostnames' in the map this matches no name that exists",
                  "it is left out, as in nginx");
    }
    if (key.starts_with('.')) names.push_back(key.substr(1));
    names.push_back(key.starts_with('.') ? "*" + key : key);
    if (entry.value.find('$') != std::string::npos) {
      return lost(*entry.from, "where it goes differs by connection", "name the address");
    }
    std::erase_if(names, [&](const std::string& name) {
      if (HostPattern::parse(name)) return false;
      lost(*entry.from, fmt::format("'{}' is no name that a client can ask for", printable(name)),
           "it is left out");
      return true;
    });
    if (guard_ == nullptr && leads_home(entry.value)) {
      for (const std::string& each : names) led_home_.push_back(*HostPattern::parse(each));
    }
    std::erase_if(names, [&](const std::string& name) { return taken(name, entry); });
    if (names.empty()) return;
    if (wild) {
      note(*entry.from, "in nginx the wildcard stands for any number of labels",
           "in wssgate for exactly one");
    }
    const std::string upstream =
        guard_ != nullptr
            ? upstreams_.closed()
            : upstreams_.of_stream(entry.value, model_.stream, *entry.from, proxy_protocol);
    if (upstream.empty()) return;
    for (const std::string& each : names) passed_.emplace(each, entry.from);
    DraftHost host{fmt::format("{}: passed through", place_text(entry.from->at)), names};
    host.passthrough = upstream;
    draft_.hosts.push_back(std::move(host));
  }

  bool taken(const std::string& name, const MapEntry& entry) {
    if (const auto passed = passed_.find(name); passed != passed_.end()) {
      if (passed->second->arg(0) != entry.value) {  // or by another server with the same map
        lost(*entry.from, fmt::format("'{}' goes elsewhere already", name),
             "a name has one host in wssgate, on all listeners");
      }
      return true;
    }
    if (terminated_.count(name) == 0) return false;
    if (leads_home(entry.value)) {
      note(*entry.from, "the name goes to a server of http",
           "wssgate ends its TLS on the same listener");
    } else {
      lost(*entry.from, "the name is passed through here, and is a server of http as well",
           "a name has one host in wssgate; here it is the one whose TLS ends in wssgate");
    }
    return true;
  }

  Model& model_;
  Draft& draft_;
  UpstreamWriter& upstreams_;
  Findings& findings_;
  std::set<std::string> terminated_;
  /// Each name with the entry that it is passed through by.
  std::map<std::string, const Directive*> passed_;
  /// Names that a map leads to servers of http.
  std::vector<HostPattern> led_home_;
  /// So are all others.
  bool all_lead_home_ = false;
  /// There is a server that looks at names.
  bool in_front_ = false;
  /// What keeps clients out of the server at hand; null: nothing does.
  const Directive* guard_ = nullptr;
};

}  // namespace

void translate_stream(Model& model, Draft& draft, UpstreamWriter& upstreams, Findings& findings) {
  StreamTranslator(model, draft, upstreams, findings).translate();
}

}  // namespace wssgate::nginx
