#include "nginx/hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "nginx/proxy_pass.h"
#include "nginx/translate.h"
#include "nginx/traps.h"

namespace wssgate::nginx {
namespace {

/// Wherever `server` has TLS, `first` listens too. Then nginx ignores `server` for a name that both
/// have, which is a trap and told as such.
bool is_hidden_by(const Server& server, const Server& first) {
  return std::all_of(server.listens.begin(), server.listens.end(), [&](const Listen& listen) {
    return !listen.tls ||
           std::any_of(first.listens.begin(), first.listens.end(),
                       [&](const Listen& other) { return other.address == listen.address; });
  });
}

/// It sends whoever comes to another place.
bool answers_elsewhere(const Server& server) {
  return std::any_of(server.from->block.begin(), server.from->block.end(),
                     [](const Directive& inner) {
                       return inner.name == "return" && !inner.arg(0).starts_with('4');
                     });
}

bool is_nameless(const Server& server) {
  return std::all_of(server.names.begin(), server.names.end(),
                     [](const std::string& each) { return each.empty() || each == "_"; });
}

/// It takes what no other server has, and not just the names that an expression matches.
bool answers_to_every_name(const Server& server) {
  return is_nameless(server) ||
         std::any_of(server.listens.begin(), server.listens.end(),
                     [](const Listen& listen) { return listen.default_server; });
}

bool is_hsts(const Directive* field) { return iequals(field->arg(0), "Strict-Transport-Security"); }

}  // namespace

void HostWriter::lost(const Directive& at, std::string what, std::string why) {
  findings_.add({FindingId::untranslated, at.at, at.text(), std::move(what), std::move(why)});
}

void HostWriter::note(const Directive& at, std::string what, std::string why) {
  findings_.add({FindingId::detail, at.at, at.text(), std::move(what), std::move(why)});
}

void HostWriter::read_all(const Directive& block) {
  model_.read.insert(&block);
  for (const Directive& inner : block.block) {
    if (inner.name != "location") read_all(inner);
  }
}

std::vector<DraftHost> HostWriter::write() {
  // Who answers to every name gets what the others leave.
  for (const bool named : {true, false}) {
    for (const Server& each : model_.http.servers) {
      std::vector<std::string> others;
      if (each.has_tls() && host_names(each, others).empty() != named) server(each);
    }
  }
  close_taken();
  return std::move(hosts_);
}

/// What is left out must not be served by another host's wildcard.
void HostWriter::close_taken() {
  std::map<std::string, const DraftHost*> takers;
  for (const DraftHost& host : hosts_) {
    for (const std::string& name : host.names) takers[name] = &host;
  }
  std::vector<DraftHost> closed;
  for (LeftOut& each : left_out_) {
    const DraftHost* taker = nullptr;
    std::erase_if(each.host.names, [&](const std::string& name) {
      const std::size_t dot = name.find('.');
      const auto found = takers.find(dot == 0 || dot == name.npos ? "" : "*" + name.substr(dot));
      if (found == takers.end() || name.starts_with('*')) return true;
      taker = found->second;
      return false;
    });
    if (taker == nullptr) {
      lost(*each.at, std::move(each.what),
           "the host is left out, and its names get an alert" + each.hint);
      continue;
    }
    lost(*each.at, std::move(each.what),
         "another host has a wildcard for its names, so that it is kept with 502 for everything" +
             each.hint);
    if (each.host.chain.empty()) {
      each.host.chain = taker->chain;
      each.host.key = taker->key;
    }
    each.host.routes = {routes_.everything_closed(each.host.comment)};
    closed.push_back(std::move(each.host));
  }
  std::move(closed.begin(), closed.end(), std::back_inserter(hosts_));
}

void HostWriter::leave_out(const Directive& at, DraftHost host, std::string what,
                           std::string hint) {
  left_out_.push_back({&at, std::move(host), std::move(what), std::move(hint)});
}

std::vector<std::string> HostWriter::names_of(const Server& server) {
  const Directive& at = server.named_at != nullptr ? *server.named_at : *server.from;
  std::vector<std::string> others;
  std::vector<HostPattern> patterns = host_names(server, others);
  for (const std::string& other : others) {
    if (other.empty() || other == "_") continue;
    lost(at, fmt::format("'{}' is no name that wssgate can have", printable(other)),
         "it has exact names and wildcards for one label; expressions, 'www.example.*' and IP "
         "addresses have to be written out as names. WHERE ANOTHER HOST HAS A WILDCARD FOR THEM, "
         "IT TAKES THEM until then");
  }
  if (patterns.empty() && answers_to_every_name(server)) {
    // A catch-all that serves: the certificate's names are those that clients can trust it for.
    for (const CertificatePair& pair : certificate_pairs(server, main_file_)) {
      if (!pair.fault.empty()) continue;
      const auto& names = certificates_.facts(pair.chain, pair.key).names;
      patterns.insert(patterns.end(), names.begin(), names.end());
      break;
    }
    if (!patterns.empty()) {
      note(at, "the server answers to every name",
           "the host has the names of its certificate: for others no client would trust it");
    }
  }
  std::vector<std::string> names;
  for (const HostPattern& pattern : patterns) {
    const std::string name = pattern.text();
    const auto [entry, fresh] = owners_.emplace(name, &server);
    if (!fresh) {
      if (entry->second != &server && !is_hidden_by(server, *entry->second)) {
        lost(at,
             fmt::format("the name '{}' is the host's at {} already", name,
                         place_text(entry->second->from->at)),
             "a name has one host in wssgate, on all listeners; put its locations there");
      }
      continue;
    }
    if (pattern.is_wildcard()) {
      note(at, fmt::format("in nginx '{}' stands for any number of labels", name),
           "in wssgate for exactly one, as in certificates");
    }
    names.push_back(name);
  }
  return names;
}

bool HostWriter::certificate(const Server& server, DraftHost& host) {
  const Directive* extra = nullptr;
  for (const CertificatePair& pair : certificate_pairs(server, main_file_)) {
    if (!pair.fault.empty()) {
      lost(*pair.from, fmt::format("the certificate is none that wssgate can read: {}", pair.fault),
           "put chain and key into files");
    } else if (host.chain.empty()) {
      host.chain = pair.chain;
      host.key = pair.key;
    } else if (extra == nullptr) {
      extra = pair.from;
      lost(
          *pair.from, "a second certificate for the same names",
          "a host names one; with 'certificates: {folders: [...]}' and none in the host, ECDSA and "
          "RSA ones stand side by side");
    }
  }
  const std::string staple = server.scope->value("ssl_stapling_file");
  if (!staple.empty()) host.staple = below(main_file_, staple);
  if (!host.chain.empty()) return true;
  return false;
}

/// It is for some paths alone.
void HostWriter::elsewhere_hsts(const Server& server) {
  for (const Location& location : server.locations) {
    const auto& own = location.scope->own("add_header");
    const auto field = std::find_if(own.begin(), own.end(), is_hsts);
    if (field == own.end()) continue;
    lost(**field, "Strict-Transport-Security for some paths alone",
         "a host has it for all paths or for none: write 'hsts' where it is meant for all");
  }
}

void HostWriter::hsts(const Server& server, DraftHost& host) {
  std::vector<const Directive*> fields = server.scope->all("add_header");
  bool taken_away = false;  // add_header in a location takes the server's away
  for (const Location& location : server.locations) {
    if (location.path != "/" || location.kind != LocationKind::prefix) continue;
    const auto& own = location.scope->own("add_header");
    taken_away = !own.empty() && std::none_of(own.begin(), own.end(), is_hsts);
    fields.insert(fields.end(), own.begin(), own.end());
  }
  const auto field = std::find_if(fields.begin(), fields.end(), is_hsts);
  if (field == fields.end()) return elsewhere_hsts(server);
  if (taken_away) {
    lost(**field, "location / has add_header of its own, so that nginx does not send this there",
         "the host sends it for all paths: remove 'hsts' where it is not meant");
  }
  std::uint64_t seconds = 0;
  bool valid = false;
  bool subdomains = false;
  bool preload = false;
  for (const std::string_view part : split((*field)->arg(1), ';')) {
    const std::string lower = to_lower(part);
    subdomains = subdomains || lower == "includesubdomains";
    preload = preload || lower == "preload";
    if (!lower.starts_with("max-age=")) continue;
    std::string_view digits = std::string_view(lower).substr(8);
    if (digits.starts_with('"') && digits.ends_with('"') && digits.size() > 1) {
      digits = digits.substr(1, digits.size() - 2);
    }
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    valid = failure == std::errc() && end == digits.data() + digits.size() && !digits.empty();
  }
  if (!valid) return lost(**field, "Strict-Transport-Security without a max-age", "write 'hsts'");
  constexpr std::uint64_t kYear = std::uint64_t{365} * 86400;
  if (seconds > 2 * kYear) {
    note(**field, "a max-age of more than two years", "wssgate's most is 730d");
    seconds = 2 * kYear;
  }
  if (preload && (!subdomains || seconds < kYear)) {
    note(**field, "preload without includeSubDomains and a max-age of a year",
         "the browsers' list takes no such field; 'preload' is left out");
    preload = false;
  }
  host.hsts =
      fmt::format("{{max_age: {}{}{}}}", format_duration(std::chrono::seconds(seconds)),
                  subdomains ? ", include_subdomains: true" : "", preload ? ", preload: true" : "");
}

void HostWriter::client_certificates(const Server& server, DraftHost& host) {
  const Directive* const verify = server.scope->find("ssl_verify_client");
  if (verify == nullptr || verify->arg(0) == "off") return;
  std::string ca = server.scope->value("ssl_client_certificate");
  // Since nginx 1.27.2 this is enough.
  if (ca.empty()) ca = server.scope->value("ssl_trusted_certificate");
  const bool optional = verify->arg(0) == "optional";
  if (verify->arg(0) == "on" && ca.empty()) {
    for (DraftRoute& route : host.routes) route.upstream = routes_.everything_closed("").upstream;
    return lost(*verify, "clients need a certificate, and no CA for them is named",
                "502 for everything, so that nothing is exposed: name it as "
                "'client_certificates: {ca: FILE}'");
  }
  if (ca.empty() || (verify->arg(0) != "on" && !optional)) {
    return lost(*verify, "certificates are asked of clients and not verified",
                "wssgate verifies those that it asks for; no client is asked here");
  }
  host.client_ca = below(main_file_, ca);
  host.client_certificate_optional = optional;
}

void HostWriter::terms(const Server& server, DraftHost& host) {
  const Directive* const protocols = server.scope->find("ssl_protocols");
  host.tls13_only = protocols != nullptr && protocols->args == std::vector<std::string>{"TLSv1.3"};
  if (protocols != nullptr && !host.tls13_only &&
      std::find(protocols->args.begin(), protocols->args.end(), "TLSv1.3") ==
          protocols->args.end()) {
    note(*protocols, "TLS 1.3 is not named", "wssgate always has it");
  }
  hsts(server, host);
  client_certificates(server, host);
}

/// Where every path has a location, files are only for those that are told themselves.
void HostWriter::unused_files(const Server& server) {
  const bool all =
      std::any_of(server.locations.begin(), server.locations.end(), [](const Location& location) {
        return location.kind == LocationKind::prefix && location.path == "/";
      });
  if (!all) return;
  for (const Directive& inner : server.from->block) {
    if (inner.name != "root" && inner.name != "index") continue;
    model_.read.insert(&inner);
    note(inner, "files, for locations that serve some", "those are told themselves");
  }
}

void HostWriter::server(const Server& server) {
  std::vector<std::string> others;
  const bool named = !host_names(server, others).empty();
  if (server.scope->is_on("ssl_reject_handshake") && is_nameless(server)) {
    read_all(*server.from);
    return note(*server.from, "handshakes for unknown names are refused",
                "wssgate always does, with the alert unrecognized_name");
  }
  const auto proxies = [&](const Location& each) {
    return proxy_target(each, model_.http).has_value();
  };
  const bool serves = std::any_of(server.locations.begin(), server.locations.end(), proxies);
  if (!serves && is_nameless(server) && !answers_elsewhere(server)) {
    read_all(*server.from);
    for (const Location& location : server.locations) read_all(*location.from);
    return note(*server.from, "a server for unknown names that serves nothing",
                "wssgate sends them an alert instead of a certificate");
  }
  DraftHost host;
  host.comment = fmt::format("{}: server {}", place_text(server.from->at), server_label(server));
  const Directive* answer = nullptr;
  for (const Directive& inner : server.from->block) {
    if (inner.name == "return") answer = &inner;
  }
  const bool refused = server.scope->is_on("ssl_reject_handshake");
  const bool everyone = answers_to_every_name(server);
  if (named || !everyone || (answer == nullptr && !refused)) host.names = names_of(server);
  if (named && host.names.empty()) return;  // they are another host's
  if (refused) {
    read_all(*server.from);
    certificate(server, host);
    return leave_out(*server.from, std::move(host), "handshakes for its names are refused", "");
  }
  if (answer != nullptr) {
    model_.read.insert(answer);
    certificate(server, host);
    return leave_out(*answer, std::move(host),
                     fmt::format("{} answers every request by itself", server_label(server)),
                     ": wssgate answers nothing by itself but redirects to https. Have a backend "
                     "answer them");
  }
  if (host.names.empty()) {
    if (!everyone) {
      lost(*server.from, fmt::format("{} has no name that wssgate can have", server_label(server)),
           "the host is left out: write its names out");
    } else {
      lost(*server.from,
           "the server answers to every name, and its certificate cannot be read here",
           "the host is left out: give the server its names");
    }
    return;
  }
  unused_files(server);
  host.routes = routes_.of(server);
  const bool open = std::any_of(host.routes.begin(), host.routes.end(), [](const DraftRoute& each) {
    return each.upstream != kClosedUpstream;
  });
  const bool certified = certificate(server, host);
  if (!open) {
    return leave_out(*server.from, std::move(host),
                     fmt::format("{} has nothing that wssgate can serve", server_label(server)),
                     "");
  }
  if (!certified) {
    return leave_out(*server.from, std::move(host),
                     fmt::format("{} has no certificate of its own", server_label(server)),
                     ": give the server an ssl_certificate");
  }
  terms(server, host);
  hosts_.push_back(std::move(host));
}

}  // namespace wssgate::nginx
