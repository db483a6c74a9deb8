#include "nginx/traps.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "nginx/proxy_pass.h"

namespace wssgate::nginx {
namespace {

/// nginx's own, where nothing else is said.
constexpr std::string_view kDefaultCiphers = "HIGH:!aNULL:!MD5";
constexpr Duration kDefaultReadTimeout{60'000};
/// A WebSocket that is silent for so long is nobody's any more.
constexpr Duration kPatientEnough = std::chrono::hours(1);

using Servers = std::vector<const Server*>;

/// The servers of each address, in nginx's order.
std::map<std::string, Servers> by_address(const Realm& http) {
  std::map<std::string, Servers> found;
  for (const Server& server : http.servers) {
    for (const Listen& listen : server.listens) {
      Servers& there = found[listen.address];
      if (there.empty() || there.back() != &server) there.push_back(&server);
    }
  }
  return found;
}

const Listen* listen_on(const Server& server, const std::string& address) {
  for (const Listen& listen : server.listens) {
    if (listen.address == address) return &listen;
  }
  return nullptr;
}

class TrapFinder {
 public:
  TrapFinder(const Model& model, const std::string& main_file, CertificateReader& certificates,
             Findings& findings)
      : model_(model), main_file_(main_file), certificates_(certificates), findings_(findings) {}

  void find() {
    default_servers();
    ignored_servers();
    for (const Server& server : model_.http.servers) {
      proxy_headers(server);
      if (server.has_tls()) tls(server);
      for (const Location& location : server.locations) proxied(location);
    }
    for (const Server& server : model_.stream.servers) proxy_headers(server);
  }

 private:
  void trap(FindingId id, const Directive& at, std::string what, std::string why) {
    findings_.add({id, at.at, at.text(), std::move(what), std::move(why)});
  }

  void default_servers() {
    std::set<const Server*> told;
    for (const auto& [address, servers] : by_address(model_.http)) {
      const Server* chosen = nullptr;
      std::size_t with_tls = 0;
      for (const Server* server : servers) {
        const Listen* const listen = listen_on(*server, address);
        with_tls += listen->tls ? 1 : 0;
        if (listen->default_server && (chosen == nullptr)) chosen = server;
      }
      const bool is_explicit = chosen != nullptr;
      if (!is_explicit) chosen = servers.front();
      if (with_tls == 0 || chosen->scope->is_on("ssl_reject_handshake")) continue;
      if (certificate_pairs(*chosen, main_file_).empty() || !told.insert(chosen).second) continue;
      default_server(*chosen, *listen_on(*chosen, address), is_explicit, with_tls);
    }
  }

  void default_server(const Server& server, const Listen& listen, bool is_explicit,
                      std::size_t with_tls) {
    std::string what = fmt::format(
        "who asks for a name that no server has, or for none, gets the certificate of {}",
        server_label(server));
    if (!is_explicit && with_tls == 1) {
      findings_.add({FindingId::detail, listen.from->at, listen.from->text(), std::move(what),
                     "wssgate sends an alert and no certificate to them"});
      return;
    }
    if (!is_explicit) what += ", since it is the first one here";
    trap(FindingId::default_certificate, *listen.from, std::move(what),
         "browsers show a certificate warning for the wrong site, other clients a name mismatch, "
         "and whoever scans addresses learns whose server this is; in nginx: a default_server with "
         "'ssl_reject_handshake on'. wssgate has no default certificate and sends an alert");
  }

  void ignored_servers() {
    for (const auto& [address, servers] : by_address(model_.http)) {
      std::map<std::string, const Server*> first;
      for (const Server* server : servers) {
        for (const std::string& name : server->names) {
          const auto [entry, fresh] = first.emplace(name, server);
          if (fresh || entry->second == server) continue;
          const Directive& at = server->named_at != nullptr ? *server->named_at : *server->from;
          trap(FindingId::server_ignored, at,
               fmt::format("the name '{}' has a server at {} already, and nginx ignores this one "
                           "for it",
                           printable(name), place_text(entry->second->from->at)),
               "what is written here never applies to that name, with a warning at start as the "
               "only trace; keep one of the two");
        }
      }
    }
  }

  void proxy_headers(const Server& server) {
    for (const Listen& listen : server.listens) {
      if (!listen.proxy_protocol) continue;
      const auto& from = server.scope->all("set_real_ip_from");
      const bool anyone = std::any_of(from.begin(), from.end(), [](const Directive* each) {
        return each->arg(0).ends_with("/0");
      });
      if (!from.empty() && !anyone) continue;
      trap(FindingId::proxy_protocol_from_anyone, *listen.from,
           "a PROXY header is taken from whoever connects",
           "who reaches this port without the balancer chooses the address that it is known by, in "
           "logs and for access rules; name the balancers' addresses with set_real_ip_from");
    }
  }

  void tls(const Server& server) {
    if (server.scope->is_on("ssl_reject_handshake")) return;
    certificates(server);
    protocols(server);
    stapling(server);
  }

  void certificates(const Server& server) {
    std::vector<std::string> others;
    std::vector<HostPattern> uncovered = host_names(server, others);
    const std::size_t names = uncovered.size();
    const Directive* at = nullptr;
    std::string covered;
    bool rsa = false;
    bool known = false;
    for (const CertificatePair& pair : certificate_pairs(server, main_file_)) {
      if (!pair.fault.empty()) continue;  // the translation tells it
      const CertificateFacts& facts = certificates_.facts(pair.chain, pair.key);
      if (at == nullptr) at = pair.from;
      if (!facts.unread.empty()) {
        findings_.add({FindingId::certificate_unread, pair.from->at, pair.from->text(),
                       fmt::format("the certificate cannot be read here: {}", facts.unread),
                       "its names and its chain are not judged; 'wssgate check' does it where the "
                       "file is"});
        uncovered.clear();
        continue;
      }
      known = true;
      rsa = rsa || facts.rsa;
      for (const HostPattern& name : facts.names) {
        covered += (covered.empty() ? "" : ", ") + name.text();
      }
      std::erase_if(uncovered, [&](const HostPattern& name) { return facts.covers(name); });
      chain(pair, facts);
    }
    if (at != nullptr && !uncovered.empty())
      names_uncovered(server, *at, uncovered, names, covered);
    if (at != nullptr) rsa_key_exchange(server, rsa, known);
  }

  void chain(const CertificatePair& pair, const CertificateFacts& facts) {
    if (facts.leaf_only) {
      trap(FindingId::leaf_only_chain, *pair.from,
           fmt::format("the file holds the server's certificate alone, without the intermediate "
                       "'{}'",
                       facts.issuer),
           "browsers that fetch or remember the intermediate connect, Node, curl, Go, Python and "
           "apps do not; give the CA's fullchain.pem");
    }
    if (facts.key_unread) {
      findings_.add({FindingId::certificate_unread, pair.from->at, pair.from->text(),
                     fmt::format("the private key {} cannot be read here", printable(pair.key)),
                     "whether it belongs to the certificate is not judged; run this as root, or "
                     "'wssgate check' later"});
    }
    for (const Problem& problem : facts.problems) {
      const bool refused = problem.severity == Severity::error;
      findings_.add({refused ? FindingId::certificate_refused : FindingId::detail, pair.from->at,
                     pair.from->text(), problem.message,
                     refused ? fmt::format("nginx serves it all the same, and wssgate will not: {}",
                                           problem.hint)
                             : problem.hint});
    }
  }

  void names_uncovered(const Server& server, const Directive& certificate,
                       const std::vector<HostPattern>& uncovered, std::size_t names,
                       const std::string& covered) {
    std::string list;
    for (const HostPattern& name : uncovered) list += (list.empty() ? "" : ", ") + name.text();
    const Directive& at = server.named_at != nullptr ? *server.named_at : *server.from;
    const std::string what = fmt::format("the certificate at {} does not cover {}; it is for {}",
                                         place_text(certificate.at), printable(list),
                                         covered.empty() ? "no name at all" : printable(covered));
    const bool all = uncovered.size() == names;
    trap(all ? FindingId::server_name_mismatch : FindingId::name_not_covered, at, what,
         "nginx sends it for these names without a word, and every client refuses it; get a "
         "certificate with all names of the server, or give these a server of their own. wssgate "
         "check refuses a host that its certificate does not cover");
  }

  bool allows(const Server& server, std::string_view version) const {
    const Directive* const protocols = server.scope->find("ssl_protocols");
    if (protocols == nullptr) return version != "SSLv3" && version != "SSLv2";
    return std::find(protocols->args.begin(), protocols->args.end(), version) !=
           protocols->args.end();
  }

  /// Of each list once: thousands of servers have the same.
  const std::string& rsa_suite(const std::string& ciphers) {
    const auto [entry, fresh] = rsa_suites_.try_emplace(ciphers);
    if (fresh) entry->second = rsa_key_exchange_in(ciphers);
    return entry->second;
  }

  void rsa_key_exchange(const Server& server, bool rsa, bool known) {
    const bool up_to_tls12 =
        allows(server, "TLSv1.2") || allows(server, "TLSv1.1") || allows(server, "TLSv1");
    if (!up_to_tls12 || (known && !rsa)) return;
    const Directive* const ciphers = server.scope->find("ssl_ciphers");
    const std::string& suite =
        rsa_suite(ciphers == nullptr ? std::string(kDefaultCiphers) : ciphers->arg(0));
    if (suite.empty()) return;
    const std::string why =
        "there is no forward secrecy: who gets the private key some day reads all that was "
        "recorded, and the padding is what ROBOT and its like attack; offer ECDHE suites alone. "
        "wssgate has no others";
    if (ciphers != nullptr) {
      return trap(FindingId::rsa_key_exchange, *ciphers,
                  fmt::format("RSA key exchange is offered, with {}", suite), why);
    }
    const std::string what =
        fmt::format("without ssl_ciphers nginx has '{}', which offers RSA key exchange, with {}",
                    kDefaultCiphers, suite);
    if (rsa) return trap(FindingId::rsa_key_exchange, *server.from, what, why);
    findings_.add({FindingId::detail, server.from->at, server.from->text(), what,
                   "it matters where the certificate is RSA; wssgate has ECDHE suites alone"});
  }

  void protocols(const Server& server) {
    const Directive* const protocols = server.scope->find("ssl_protocols");
    if (protocols == nullptr) {
      findings_.add({FindingId::detail, server.from->at, server.from->text(),
                     "without ssl_protocols nginx before 1.27.3 takes TLS 1.0 and 1.1",
                     "wssgate takes TLS 1.2 and 1.3"});
      return;
    }
    std::string old;
    for (const std::string& version : protocols->args) {
      if (version == "TLSv1.2" || version == "TLSv1.3") continue;
      old += (old.empty() ? "" : ", ") + version;
    }
    if (old.empty()) return;
    trap(FindingId::old_tls, *protocols,
         fmt::format("old versions are allowed: {}", printable(old)),
         "these are broken and forbidden since RFC 8996, audits fail for them, and no browser in "
         "use needs them; write 'ssl_protocols TLSv1.2 TLSv1.3'. wssgate has no others");
  }

  void stapling(const Server& server) {
    const Directive* const stapling = server.scope->find("ssl_stapling");
    if (stapling == nullptr || stapling->arg(0) != "on") return;
    if (server.scope->find("resolver") != nullptr ||
        server.scope->find("ssl_stapling_file") != nullptr) {
      return;
    }
    trap(FindingId::stapling_without_resolver, *stapling, "ssl_stapling is on without a resolver",
         "the responder's address is looked up once, at start: when it changes, or could not be "
         "had at that moment, no staple is sent, with a line in the log as the only trace; add "
         "'resolver'. wssgate looks it up each time");
  }

  void proxied(const Location& location) {
    const auto target = proxy_target(location, model_.http);
    if (!target) return;
    if (target->tls) verification(location, *target->from);
    websockets(location, *target->from);
  }

  void verification(const Location& location, const Directive& pass) {
    const Directive* const verify = location.scope->find("proxy_ssl_verify");
    if (verify != nullptr && verify->arg(0) == "on") return;
    trap(FindingId::upstream_unverified, verify != nullptr ? *verify : pass,
         verify != nullptr ? "the backend's certificate is not verified"
                           : "the backend's certificate is not verified: proxy_ssl_verify is off "
                             "unless it is switched on",
         "who gets between nginx and the backend reads and changes everything, cookies and "
         "passwords included; set proxy_ssl_verify on, proxy_ssl_trusted_certificate and "
         "proxy_ssl_name. The result has 'verify: off', as nginx: remove it as soon as you can");
  }

  void websockets(const Location& location, const Directive& pass) {
    const UpgradeHeaders headers = upgrade_headers(location);
    if (!headers.meant) return;
    if (headers.upgrade == nullptr && headers.lost != nullptr) {
      trap(FindingId::upgrade_missing, *headers.lost_by,
           fmt::format("this proxy_set_header takes away all those of the blocks around it, the "
                       "Upgrade header at {} among them",
                       place_text(headers.lost->at)),
           "the backend sees no upgrade and WebSockets fail with 400, 404 or 426; repeat the "
           "headers here. wssgate passes upgrades by itself");
    } else if (headers.upgrade == nullptr || headers.connection == nullptr) {
      trap(FindingId::upgrade_missing, pass,
           fmt::format("the location is meant for WebSockets by the look of it, and no "
                       "proxy_set_header sends {} on",
                       headers.upgrade == nullptr ? "Upgrade" : "Connection"),
           "nginx drops both headers, the backend sees an ordinary request, and WebSockets fail "
           "with 400, 404 or 426; set Upgrade $http_upgrade and Connection \"upgrade\". wssgate "
           "passes upgrades by itself");
    }
    if (!headers.http11) {
      trap(FindingId::http_version_missing, pass,
           "the location is meant for WebSockets by the look of it, and proxy_http_version is not "
           "1.1",
           "HTTP/1.0, which nginx speaks to backends unless told otherwise, has no upgrades; set "
           "proxy_http_version 1.1. wssgate speaks HTTP/1.1");
    }
    if (headers.works()) idle(location, pass);
  }

  void idle(const Location& location, const Directive& pass) {
    const Directive* const timeout = location.scope->find("proxy_read_timeout");
    const auto time = timeout == nullptr ? kDefaultReadTimeout : parse_time(timeout->arg(0));
    if (!time || *time >= kPatientEnough) return;
    trap(FindingId::idle_websocket_killed, timeout == nullptr ? pass : *timeout,
         fmt::format("a WebSocket whose backend is silent for {} is closed{}",
                     format_duration(*time),
                     timeout == nullptr ? ", since there is no proxy_read_timeout" : ""),
         "clients see 1006 in quiet hours and reconnect all day; raise it for this location. "
         "wssgate has no limit on silence, and pings both sides every 30s to find dead ones");
  }

  const Model& model_;
  const std::string& main_file_;
  CertificateReader& certificates_;
  Findings& findings_;
  std::map<std::string, std::string> rsa_suites_;
};

}  // namespace

std::string place_text(const SourceLocation& at) { return fmt::format("{}:{}", at.file, at.line); }

std::string server_label(const Server& server) {
  for (const std::string& name : server.names) {
    if (!name.empty() && name != "_") return fmt::format("'{}'", printable(name));
  }
  return fmt::format("the server at {}", place_text(server.from->at));
}

void find_traps(const Model& model, const std::string& main_file, CertificateReader& certificates,
                Findings& findings) {
  TrapFinder(model, main_file, certificates, findings).find();
}

}  // namespace wssgate::nginx
