#include "nginx/listeners.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/hostname.h"
#include "base/text.h"
#include "nginx/certificates.h"
#include "nginx/redirects.h"
#include "nginx/traps.h"

namespace wssgate::nginx {
namespace {

/// "0.0.0.0" or "[::]" of the same family and port; "" where the address is that itself.
std::string any_of_family(const std::string& address, std::uint16_t port) {
  const bool v6 = address.starts_with('[');
  std::string any = fmt::format("{}:{}", v6 ? "[::]" : "0.0.0.0", port);
  return any == address ? std::string() : any;
}

class ListenerWriter {
 public:
  ListenerWriter(Model& model, const std::set<std::string>& names, Findings& findings)
      : model_(model), names_(names), findings_(findings) {}

  std::vector<DraftListener> write() {
    for (const Server& server : model_.http.servers) {
      for (const Listen& listen : server.listens) {
        if (listen.tls) add_tls(server, listen);
      }
    }
    for (const Server& server : model_.stream.servers) {
      if (!server.scope->is_on("ssl_preread")) continue;
      for (const Listen& listen : server.listens) add_tls(server, listen);
    }
    for (const Server& server : model_.http.servers) plain(server);
    tell_reach();
    drop_covered();
    return std::move(listeners_);
  }

 private:
  void lost(const Directive& at, std::string what, std::string why) {
    findings_.add({FindingId::untranslated, at.at, at.text(), std::move(what), std::move(why)});
  }
  void note(const Directive& at, std::string what, std::string why) {
    findings_.add({FindingId::detail, at.at, at.text(), std::move(what), std::move(why)});
  }

  /// backlog, rcvbuf, so_keepalive and the like.
  void socket_options(const Listen& listen) {
    static constexpr std::array<std::string_view, 9> kTold = {
        "ssl",  "http2", "quic",     "default_server", "default", "proxy_protocol",
        "bind", "udp",   "reuseport"};
    for (std::size_t i = 1; i < listen.from->args.size(); ++i) {
      const std::string& word = listen.from->args[i];
      if (word.starts_with("ipv6only=")) continue;
      if (std::find(kTold.begin(), kTold.end(), word) != kTold.end()) continue;
      note(*listen.from, "options of the socket", "wssgate decides by itself");
    }
  }

  bool usable(const Listen& listen) {
    socket_options(listen);
    if (listen.udp) {
      lost(*listen.from, "HTTP/3 or UDP", "wssgate speaks TLS over TCP");
      return false;
    }
    if (listen.valid && !listen.address.starts_with("unix:")) return true;
    lost(*listen.from, "it listens where wssgate cannot",
         "listeners have an IP address and a port");
    return false;
  }

  DraftListener* find(const std::string& address) {
    for (DraftListener& each : listeners_) {
      if (each.address == address) return &each;
    }
    return nullptr;
  }

  DraftListener& get(const Listen& listen) {
    if (DraftListener* const known = find(listen.address)) return *known;
    listeners_.push_back({place_text(listen.from->at), listen.address});
    from_[listen.address] = &listen;
    return listeners_.back();
  }

  void add_tls(const Server& server, const Listen& listen) {
    if (!usable(listen)) return;
    const auto& words = listen.from->args;
    if (std::find(words.begin(), words.end(), "http2") != words.end()) {
      note(*listen.from, "HTTP/2",
           "clients of wssgate speak HTTP/1.1, which TLS agrees on with them");
    }
    DraftListener& made = get(listen);
    tls_.insert(listen.address);
    if (listen.proxy_protocol) proxy_protocol(server, listen, made);
    if (!listen.both_families || !listen.address.starts_with("[::]:")) return;
    Listen other = listen;
    other.address = fmt::format("0.0.0.0:{}", listen.port);
    tls_.insert(other.address);
    if (find(other.address) == nullptr) {
      DraftListener v4{made.comment, other.address};
      v4.proxy_protocol_from = made.proxy_protocol_from;
      listeners_.push_back(std::move(v4));
    }
  }

  void proxy_protocol(const Server& server, const Listen& listen, DraftListener& into) {
    std::vector<std::string> networks = trusted_networks(server, findings_);
    if (networks.empty()) {
      networks = {"0.0.0.0/0", "::/0"};
      note(*listen.from, "nginx takes a PROXY header from whoever connects",
           "wssgate has to be told from whom: 'from' has everyone here; name the balancers");
    }
    for (std::string& network : networks) {
      auto& all = into.proxy_protocol_from;
      if (std::find(all.begin(), all.end(), network) == all.end())
        all.push_back(std::move(network));
    }
  }

  void plain(const Server& server) {
    const Listen* listens = nullptr;
    for (const Listen& listen : server.listens) {
      if (!listen.tls && listens == nullptr) listens = &listen;
    }
    if (listens == nullptr) return;
    const auto redirect = https_redirect(server);
    if (!redirect) return not_redirecting(server, *listens);
    for (const Directive* part : redirect->parts) model_.read.insert(part);
    if (redirect->other_status) {
      note(*redirect->from, "it redirects to https",
           "wssgate does with 308, which keeps the method; browsers remember it as they do 301");
    }
    if (redirect->other_path) {
      lost(*redirect->from, "plain HTTP is sent to the first page in https, whatever its path",
           "wssgate keeps the path");
    }
    if (redirect->other_name) {
      lost(*redirect->from, "plain HTTP is sent to https at another name",
           "wssgate keeps the name: what has that name in https redirects, or answers");
    }
    redirected_names(server);
    if (!server.has_tls()) other_locations(server, *redirect);
    for (const Listen& listen : server.listens) {
      if (listen.tls || !usable(listen)) continue;
      if (tls_.count(listen.address) != 0) continue;
      DraftListener& made = get(listen);
      made.redirect_port = redirect->port;
      if (listen.proxy_protocol) proxy_protocol(server, listen, made);
    }
  }

  void redirected_names(const Server& server) {
    std::vector<std::string> others;
    const Directive& at = server.named_at != nullptr ? *server.named_at : *server.from;
    for (const HostPattern& name : host_names(server, others)) {
      if (names_.count(name.text()) != 0) continue;
      const std::string text = name.text();
      const std::size_t dot = text.find('.');
      if (!name.is_wildcard() && dot != text.npos && names_.count("*" + text.substr(dot)) != 0) {
        continue;
      }
      lost(at,
           fmt::format("'{}' is redirected to https, and no host here has that name", name.text()),
           "wssgate redirects the names of its hosts, and answers 421 to others");
    }
  }

  /// Beside the redirect: the way to a certificate, as a rule.
  void other_locations(const Server& server, const HttpsRedirect& redirect) {
    for (const Location& location : server.locations) {
      const auto& parts = redirect.parts;
      if (std::find(parts.begin(), parts.end(), location.from) != parts.end()) continue;
      for (const Directive& inner : location.from->block) model_.read.insert(&inner);
      if (redirect.unconditional) {
        note(*location.from, "the server redirects before it looks for a location",
             "no request gets here in nginx either");
        continue;
      }
      const bool acme = location.path.find("acme-challenge") != std::string::npos;
      lost(
          *location.from,
          acme ? "the files by which a CA sees that the name is yours (HTTP-01)"
               : "a path that is served in plain HTTP",
          acme
              ? "wssgate redirects everything here: let the ACME client use DNS-01, or TLS-ALPN-01 "
                "at another machine, before the next renewal"
              : "wssgate redirects everything here to https");
    }
  }

  void not_redirecting(const Server& server, const Listen& listen) {
    if (server.has_tls()) {
      return lost(
          *listen.from, "the same server in plain HTTP",
          "wssgate serves TLS alone, and redirects plain HTTP to it with a listener that has "
          "'redirect_to_https: true'");
    }
    const Directive* const refused = refusal(server);
    if (refused != nullptr && server.locations.empty()) {
      model_.read.insert(refused);
      return note(*refused, "plain HTTP is refused",
                  "it is left out; wssgate redirects, or does not "
                  "listen");
    }
    for (const Location& location : server.locations) {
      for (const Directive& inner : location.from->block) model_.read.insert(&inner);
    }
    for (const Directive& inner : server.from->block) {
      if (inner.name == "root" || inner.name == "index" || inner.name == "return") {
        model_.read.insert(&inner);
      }
    }
    lost(*server.from, fmt::format("{} is served in plain HTTP", server_label(server)),
         "wssgate serves TLS alone: the server is left out. Give it a certificate");
  }

  /// Where the server's names can be asked for: ports, or addresses where they are not of all.
  static std::set<std::string> reach(const Server& server) {
    std::set<std::string> places;
    for (const Listen& listen : server.listens) {
      if (!listen.tls || listen.udp || !listen.valid) continue;
      const bool any = any_of_family(listen.address, listen.port).empty();
      places.insert(any ? std::to_string(listen.port) : listen.address);
    }
    return places;
  }

  /// A host answers on all listeners, so that one for a private address alone would be open to all.
  void tell_reach() {
    const bool by_stream =
        std::any_of(model_.stream.servers.begin(), model_.stream.servers.end(),
                    [](const Server& server) { return server.scope->is_on("ssl_preread"); });
    std::set<std::string> all;
    for (const Server& server : model_.http.servers) all.merge(reach(server));
    for (const Server& server : model_.http.servers) {
      const std::set<std::string> own = reach(server);
      if (own.empty() || server.scope->is_on("ssl_reject_handshake")) continue;
      const Directive& at = *server.listens.front().from;
      if (by_stream) {
        note(at, "stream stands in front of this server",
             "its host answers on the listener of stream as well, at once");
      }
      if (own == all) continue;
      lost(
          at,
          fmt::format("{} is reached here alone, and other servers elsewhere",
                      server_label(server)),
          "a host answers on all listeners: SEE THAT IT MAY BE REACHED ON THE OTHERS TOO, or run a "
          "second wssgate for it");
    }
  }

  /// wssgate refuses an address that another listener has already.
  void drop_covered() {
    std::erase_if(listeners_, [&](const DraftListener& each) {
      const auto from = from_.find(each.address);
      if (from == from_.end()) return false;
      const std::string any = any_of_family(each.address, from->second->port);
      const bool covered =
          !any.empty() && std::any_of(listeners_.begin(), listeners_.end(),
                                      [&](const DraftListener& l) { return l.address == any; });
      if (covered) {
        note(*from->second->from, fmt::format("it is part of {}", any),
             "one listener stands for both, and hosts answer on all listeners");
      }
      return covered;
    });
  }

  Model& model_;
  const std::set<std::string>& names_;
  Findings& findings_;
  std::vector<DraftListener> listeners_;
  std::map<std::string, const Listen*> from_;
  std::set<std::string> tls_;
};

}  // namespace

std::vector<DraftListener> translate_listeners(Model& model, const std::set<std::string>& names,
                                               Findings& findings) {
  return ListenerWriter(model, names, findings).write();
}

std::vector<std::string> trusted_networks(const Server& server, Findings& findings) {
  std::vector<std::string> networks;
  for (const Directive* from : server.scope->all("set_real_ip_from")) {
    const std::string& text = from->arg(0);
    if (!Network::parse(text)) {
      findings.add({FindingId::untranslated, from->at, from->text(),
                    "peers that are believed, by a name or a socket",
                    "wssgate has networks: name the addresses"});
    } else if (std::find(networks.begin(), networks.end(), text) == networks.end()) {
      networks.push_back(text);
    }
  }
  return networks;
}

}  // namespace wssgate::nginx
