#include "nginx/hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "nginx/proxy_pass.h"
#include "nginx/redirects.h"
#include "nginx/translate.h"
#include "nginx/traps.h"

namespace wssgate::nginx {
namespace {

/// A path that a route can have; see config::RoutePathForm.
bool is_route_path(const std::string& path) {
  constexpr std::string_view kOthers = "-._~!$&'()+,;=:@/";
  if (!path.starts_with('/')) return false;
  for (const std::string_view segment : split(path, '/')) {
    if (segment == "." || segment == "..") return false;
  }
  return std::all_of(path.begin(), path.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool answers_4xx(const Directive& condition) {
  return std::any_of(condition.block.begin(), condition.block.end(), [](const Directive& inner) {
    return inner.name == "return" && inner.arg(0).size() == 3 && inner.arg(0).front() == '4';
  });
}

/// A condition on what is no matter of who may: names have 421 in wssgate, and the rest keeps
/// nobody out who means it.
bool is_harmless_condition(const Directive& condition) {
  const std::string& first = condition.arg(0);
  for (const std::string_view variable :
       {"($host", "($http_host", "($server_name", "($scheme", "($https", "($server_port",
        "($request_method", "($http_user_agent", "($http_referer", "($invalid_referer"}) {
    if (first.starts_with(variable)) return true;
  }
  return false;
}

/// Rules by address are one list: a block with any takes those around it away.
const Directive* address_rule(const Scope* scope) {
  for (; scope != nullptr; scope = scope->outer) {
    if (scope->directives == nullptr) continue;
    bool any = false;
    for (const Directive& inner : *scope->directives) {
      if (inner.name == "deny") return &inner;
      any = any || inner.name == "allow";
    }
    if (any) return nullptr;
  }
  return nullptr;
}

/// What keeps some clients away from here: in the location or in a block around it.
const Directive* guard(const Location& location) {
  for (const std::string_view name : {"auth_basic", "auth_request", "auth_jwt"}) {
    const Directive* const found = location.scope->find(name);
    if (found != nullptr && found->arg(0) != "off") return found;
  }
  if (const Directive* const found = address_rule(location.scope)) return found;
  for (const std::string_view name : {"internal", "secure_link"}) {
    if (const Directive* const found = location.scope->find(name)) return found;
  }
  for (const Directive& inner : location.from->block) {
    if (inner.name == "limit_except") return &inner;
  }
  for (const Scope* scope = location.scope; scope != nullptr; scope = scope->outer) {
    if (scope->directives == nullptr) continue;
    for (const Directive& inner : *scope->directives) {
      if (inner.name != "if" || is_harmless_condition(inner)) continue;
      if (answers_4xx(inner)) return &inner;
    }
  }
  return nullptr;
}

const Directive* in_block(const Location& location, std::string_view name) {
  for (const Directive& inner : location.from->block) {
    if (inner.name == name) return &inner;
  }
  return nullptr;
}

/// "root /srv; try_files $uri =404", for what a location answered with.
std::string content_of(const Location& location) {
  std::string text;
  for (const Directive& inner : location.from->block) {
    if (inner.name == "location") continue;
    if (text.size() > 120) return text + "; …";
    text += (text.empty() ? "" : "; ") + inner.text();
  }
  return text.empty() ? "nothing of its own" : text;
}

/// The longest path of whole segments that an expression surely begins with; "" without one.
std::string sure_beginning(std::string_view expression) {
  if (!expression.starts_with("^/")) return {};
  expression.remove_prefix(1);
  const std::size_t end = std::min(expression.find_first_of("\\^$.|?*+()[]{}"), expression.size());
  std::string path(expression.substr(0, end));
  const std::string_view rest = expression.substr(end);
  const bool whole = rest.empty() || rest == "$" || rest.starts_with("(/|$)") ||
                     rest.starts_with("(/.*)?$") || rest.starts_with("(?:/|$)");
  if (!whole) path.resize(path.rfind('/') + 1);
  return path == "/" ? std::string() : path;
}

/// Then nginx ignores the second one for a name that both have, which is a trap and told as such.
bool share_address(const Server& a, const Server& b) {
  return std::any_of(a.listens.begin(), a.listens.end(), [&](const Listen& listen) {
    return std::any_of(b.listens.begin(), b.listens.end(),
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

bool refuses(const Location& location) {
  const Directive* const answer = in_block(location, "return");
  return answer != nullptr && answer->arg(0).size() == 3 && answer->arg(0).front() == '4';
}

bool covers(const std::string& path, const std::string& request) {
  if (!request.starts_with(path)) return false;
  return path.back() == '/' || request.size() == path.size() || request[path.size()] == '/';
}

}  // namespace

struct HostWriter::Candidate {
  const Location* location = nullptr;
  std::string path;
  std::string upstream;
  std::string comment;
};

void HostWriter::lost(const Directive& at, std::string what, std::string why) {
  findings_.add({FindingId::untranslated, at.at, at.text(), std::move(what), std::move(why)});
}

void HostWriter::note(const Directive& at, std::string what, std::string why) {
  findings_.add({FindingId::replaced, at.at, at.text(), std::move(what), std::move(why)});
}

void HostWriter::read_all(const Directive& block) {
  model_.read.insert(&block);
  for (const Directive& inner : block.block) {
    if (inner.name != "location") read_all(inner);
  }
}

std::vector<DraftHost> HostWriter::write() {
  for (const Server& each : model_.http.servers) {
    if (each.has_tls()) server(each);
  }
  return std::move(hosts_);
}

std::vector<std::string> HostWriter::names_of(const Server& server) {
  const Directive& at = server.named_at != nullptr ? *server.named_at : *server.from;
  std::vector<std::string> others;
  std::vector<HostPattern> patterns = host_names(server, others);
  for (const std::string& other : others) {
    if (other.empty() || other == "_") continue;
    lost(at, fmt::format("'{}' is no name that wssgate can have", printable(other)),
         "it has exact names and wildcards for one label; expressions, 'www.example.*' and IP "
         "addresses have to be written out as names");
  }
  if (patterns.empty() && others.size() == server.names.size()) {
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
      if (entry->second != &server && !share_address(server, *entry->second)) {
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
      lost(*pair.from, "a second certificate for the same names",
           "a host names one; with 'certificates: {folders: […]}' and none in the host, ECDSA and "
           "RSA ones stand side by side");
    }
  }
  const std::string staple = server.scope->value("ssl_stapling_file");
  if (!staple.empty()) host.staple = below(main_file_, staple);
  if (!host.chain.empty()) return true;
  lost(*server.from, fmt::format("{} has no certificate of its own", server_label(server)),
       "the host is left out: give the server an ssl_certificate");
  return false;
}

void HostWriter::hsts(const Server& server, DraftHost& host) {
  std::vector<const Directive*> fields = server.scope->all("add_header");
  for (const Location& location : server.locations) {
    if (location.path != "/" || location.kind != LocationKind::prefix) continue;
    const auto own = location.scope->all("add_header");
    fields.insert(fields.end(), own.begin(), own.end());
  }
  const auto field = std::find_if(fields.begin(), fields.end(), [](const Directive* each) {
    return iequals(each->arg(0), "Strict-Transport-Security");
  });
  if (field == fields.end()) return;
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
  const std::string ca = server.scope->value("ssl_client_certificate");
  const bool optional = verify->arg(0) == "optional";
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
  hsts(server, host);
  client_certificates(server, host);
}

void HostWriter::server(const Server& server) {
  if (server.scope->is_on("ssl_reject_handshake")) {
    read_all(*server.from);
    return note(*server.from, "handshakes for unknown names are refused",
                "wssgate always does, with the alert unrecognized_name");
  }
  const auto proxies = [&](const Location& each) {
    return in_block(each, "proxy_pass") != nullptr;
  };
  const bool serves = std::any_of(server.locations.begin(), server.locations.end(), proxies);
  std::vector<std::string> others;
  const bool named = !host_names(server, others).empty();
  if (!serves && !named && !answers_elsewhere(server)) {
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
  if (answer != nullptr) {
    model_.read.insert(answer);
    return lost(*answer, fmt::format("{} answers every request by itself", server_label(server)),
                "wssgate answers nothing by itself but redirects to https: the host is left out, "
                "and its names get an alert. Have a backend answer them");
  }
  host.names = names_of(server);
  if (host.names.empty()) {
    if (!named) {
      lost(*server.from,
           "the server answers to every name, and its certificate cannot be read here",
           "the host is left out: give the server its names");
    }
    return;
  }
  host.routes = routes(server);
  const bool open = std::any_of(host.routes.begin(), host.routes.end(), [](const DraftRoute& each) {
    return each.upstream != kClosedUpstream;
  });
  if (!open) {
    for (const std::string& name : host.names) owners_.erase(name);
    return lost(*server.from,
                fmt::format("{} has nothing that wssgate can serve", server_label(server)),
                "the host is left out, and its names get an alert");
  }
  if (!certificate(server, host)) return;
  terms(server, host);
  hosts_.push_back(std::move(host));
}

void HostWriter::host_field(const Location& location, const Directive& pass,
                            const std::string& address) {
  for (const Directive* field : location.scope->all("proxy_set_header")) {
    if (iequals(field->arg(0), "Host")) return;  // its value is judged where it stands
  }
  lost(pass,
       fmt::format("the backend gets 'Host: {}', since no proxy_set_header says otherwise",
                   printable(address)),
       "wssgate sends the client's Host: have the backend answer to that");
}

bool HostWriter::proxied(const Location& location, Candidate& into) {
  const auto target = proxy_target(location, model_.http);
  if (!target) {
    read_all(*location.from);
    lost(
        *location.from, fmt::format("nginx answers by itself: {}", content_of(location)),
        "wssgate serves no files and answers nothing by itself: 502 there, until it has a backend");
    return false;
  }
  if (!target->fault.empty()) {
    lost(*target->from, target->fault, "name the backend; 502 there until then");
    return false;
  }
  const std::string path = into.path;
  if (!target->uri.empty() && target->uri != path) {
    lost(*target->from,
         fmt::format("the path is changed: {} becomes {}", printable(path), printable(target->uri)),
         fmt::format("wssgate passes the path on as it came: have the backend answer below {}; 502 "
                     "there until then",
                     printable(path)));
    return false;
  }
  if (const Directive* const rewrite = in_block(location, "rewrite")) {
    model_.read.insert(rewrite);
    lost(*rewrite, "the path is changed",
         "wssgate passes the path on as it came; 502 there until "
         "the backend answers to it");
    return false;
  }
  if (const Directive* const found = guard(location)) {
    lost(*location.from,
         fmt::format("'{}' at {} keeps some clients out", found->text(), place_text(found->at)),
         "wssgate has no rules like that: 502 there, so that nothing is exposed, until the backend "
         "or the network guards it; then name its upstream. (nginx folds '//' in paths before it "
         "looks; wssgate passes that on, to the route of its longest path)");
    return false;
  }
  into.upstream = upstreams_.of(*target, *location.scope);
  if (into.upstream.empty()) {
    lost(*target->from, "the backend has no address that can be used", "502 there until it has");
    return false;
  }
  host_field(location, *target->from,
             target->upstream != nullptr ? target->upstream->name : target->address);
  return true;
}

bool HostWriter::candidate(const Location& location, Candidate& into) {
  into.location = &location;
  into.path = location.path;
  if (location.kind == LocationKind::named) {
    read_all(*location.from);
    lost(*location.from, fmt::format("a location that others lead to: {}", content_of(location)),
         "wssgate has no such thing");
    return false;
  }
  if (location.kind == LocationKind::regex) {
    const auto prefix = prefix_of(location);
    if (!prefix) return expression(location, into);
    into.path = *prefix;
  }
  if (!is_route_path(into.path)) {
    read_all(*location.from);
    lost(*location.from, fmt::format("'{}' is no path that a route can have", printable(into.path)),
         "what it matched goes to the route of its longest path");
    return false;
  }
  into.comment = place_text(location.from->at);
  if (!proxied(location, into)) {
    into.upstream = upstreams_.closed();
    into.comment += ": not carried over, see the report";
  }
  return true;
}

/// One that is no plain prefix. Where it kept clients out, the path that it begins with is closed.
bool HostWriter::expression(const Location& location, Candidate& into) {
  const std::string content = content_of(location);
  const bool closed = guard(location) != nullptr || refuses(location);
  read_all(*location.from);
  into.path = closed ? sure_beginning(location.path) : std::string();
  if (!into.path.empty() && is_route_path(into.path)) {
    lost(*location.from, fmt::format("a location by an expression: {}", content),
         fmt::format("wssgate has paths alone: all of {} gets 502, so that nothing is exposed",
                     into.path));
    into.upstream = upstreams_.closed();
    into.comment = place_text(location.from->at) + ": not carried over, see the report";
    return true;
  }
  lost(*location.from, fmt::format("a location by an expression: {}", content),
       closed
           ? "wssgate has paths alone: WHAT THIS KEPT AWAY FROM CLIENTS NOW GOES to the route of "
             "its longest path; have the backend refuse it"
           : "wssgate has paths alone: what it matched goes to the route of its longest path");
  return false;
}

/// `= /x` is a route that covers what stands below as well.
void HostWriter::judge_exact(const Location& location, const Candidate& route,
                             const std::vector<Candidate>& all) {
  const Candidate* below = nullptr;
  for (const Candidate& other : all) {
    if (&other == &route || !covers(other.path, route.path + "/")) continue;
    if (other.path.size() > route.path.size()) continue;
    if (below == nullptr || other.path.size() > below->path.size()) below = &other;
  }
  if (below != nullptr && below->upstream == route.upstream) {
    return note(*location.from, "the location stands for exactly this path",
                "the route covers what is below it too; it leads to the same upstream");
  }
  lost(*location.from, "the location stands for exactly this path",
       "a route covers what is below it too: that goes to the same upstream");
}

std::vector<DraftRoute> HostWriter::routes(const Server& server) {
  std::vector<Candidate> found;
  for (const Location& location : server.locations) {
    Candidate made;
    if (candidate(location, made)) found.push_back(std::move(made));
  }
  // One route a path: a prefix before an exact one.
  std::vector<Candidate> kept;
  for (const auto kind : {LocationKind::prefix, LocationKind::exact, LocationKind::regex}) {
    for (const Candidate& each : found) {
      if (each.location->kind != kind) continue;
      const auto same = std::find_if(kept.begin(), kept.end(), [&](const Candidate& other) {
        return other.path == each.path;
      });
      const bool covers_all = kind == LocationKind::exact && each.path == "/";
      if (same == kept.end() && !covers_all) {
        kept.push_back(each);
      } else if (same != kept.end() && same->upstream == each.upstream) {
        note(*each.location->from, "another location has this path", "one route stands for both");
      } else {
        lost(*each.location->from, "the path alone, without what is below it, goes elsewhere",
             covers_all ? "a route for / would cover everything; it is left out"
                        : "a route covers both; the other location's is used");
      }
    }
  }
  std::vector<DraftRoute> routes;
  for (const Candidate& each : kept) {
    const Location& location = *each.location;
    if (location.kind == LocationKind::exact) {
      judge_exact(location, each, kept);
    } else if (!each.path.ends_with('/') && each.upstream == kClosedUpstream) {
      lost(*location.from,
           fmt::format("in nginx the location covers {0}x and the like as well",
                       printable(each.path)),
           "a route covers whole segments: see that none of those has to be closed too");
    } else if (!each.path.ends_with('/')) {
      note(*location.from, fmt::format("in nginx {0} covers {0}x as well", printable(each.path)),
           "a route covers whole segments");
    }
    routes.push_back({each.comment, each.path, each.upstream});
  }
  std::stable_sort(routes.begin(), routes.end(), [](const DraftRoute& a, const DraftRoute& b) {
    return a.path.size() > b.path.size();
  });
  return routes;
}

}  // namespace wssgate::nginx
