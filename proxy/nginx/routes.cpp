#include "nginx/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.h"
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

/// Who meets the condition gets something else: a refusal, a page to log in, another path.
bool turns_away(const Directive& condition) {
  return std::any_of(condition.block.begin(), condition.block.end(), [](const Directive& inner) {
    return inner.name == "return" || inner.name == "rewrite";
  });
}

/// What is no matter of who may: names have 421 in wssgate, and the rest keeps nobody out who means
/// it.
bool is_harmless_variable(std::string_view variable) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "$host",         "$http_host",    "$server_name",     "$scheme",
      "$https",        "$server_port",  "$request_method",  "$http_user_agent",
      "$http_referer", "$http_upgrade", "$invalid_referer", "$http_x_forwarded_proto"};
  return std::find(kNames.begin(), kNames.end(), variable) != kNames.end();
}

bool is_harmless_condition(const Directive& condition, const Realm& http) {
  std::string_view first = condition.arg(0);
  // Files that are there: a page for maintenance, a front controller.
  for (const std::string_view test : {"(-f", "(!-f", "(-d", "(!-d", "(-e", "(!-e"}) {
    if (first == test) return !answers_4xx(condition);
  }
  if (first.starts_with('(')) first.remove_prefix(1);
  if (first.ends_with(')')) first.remove_suffix(1);
  if (is_harmless_variable(first)) return true;
  const Map* const map = http.map_to(first);
  return map != nullptr && is_harmless_variable(map->source);
}

/// Rules by address are one list: a block with any takes those around it away.
const Directive* address_rule(const Scope* scope) {
  for (; scope != nullptr; scope = scope->outer) {
    const auto& denied = scope->own("deny");
    if (!denied.empty()) return denied.front();
    if (!scope->own("allow").empty()) return nullptr;
  }
  return nullptr;
}

/// A directive that lets some clients in and not others. What only goes with one, as
/// auth_basic_user_file does, is none.
bool decides_who_may(std::string_view name) {
  for (const std::string_view detail :
       {"auth_basic_", "auth_request_", "auth_jwt_", "auth_delay"}) {
    if (name.starts_with(detail)) return false;
  }
  for (const std::string_view begin :
       {"auth_", "access_by_", "rewrite_by_", "server_rewrite_by_"}) {
    if (name.starts_with(begin)) return true;
  }
  static constexpr std::array<std::string_view, 6> kNames = {
      "js_access", "modsecurity", "SecRulesEnabled", "secure_link", "testcookie", "waf"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// The first such directive around a location. Where an inner block says otherwise, that counts.
const Directive* access_directive(const Location& location) {
  const Directive* first = nullptr;
  for (const Scope* scope = location.scope; scope != nullptr; scope = scope->outer) {
    for (const auto& [name, own] : scope->by_name) {
      if (!decides_who_may(name)) continue;
      const Directive* const found = location.scope->find(name);
      if (found->arg(0) == "off") continue;
      // By name, so that the same one is told each time.
      if (first == nullptr || found->name < first->name) first = found;
    }
  }
  return first;
}

/// What keeps some clients away from here: in the location or in a block around it.
const Directive* guard(const Location& location, const Realm& http) {
  if (const Directive* const found = access_directive(location)) return found;
  if (const Directive* const found = address_rule(location.scope)) return found;
  if (const Directive* const found = location.scope->find("internal")) return found;
  for (const Directive& inner : location.from->block) {
    if (inner.name == "limit_except") return &inner;
  }
  for (const Scope* scope = location.scope; scope != nullptr; scope = scope->outer) {
    for (const Directive* condition : scope->own("if")) {
      if (!is_harmless_condition(*condition, http) && turns_away(*condition)) return condition;
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

/// A field by which a backend knows who asks, and which clients could write themselves where nginx
/// does not; null without one.
const Directive* identity_field(const Location& location) {
  for (const Directive* field : location.scope->all("proxy_set_header")) {
    const std::string name = to_lower(field->arg(0));
    const std::string& value = field->arg(1);
    if (name == "host" || name == "authorization" || name == "proxy-authorization" ||
        name == "user-agent") {
      continue;
    }
    if (value.find("$ssl_client_") != std::string::npos ||
        value.find("$remote_user") != std::string::npos) {
      return field;
    }
    if (value.find('$') != std::string::npos) continue;
    for (const std::string_view part :
         {"user", "auth", "ssl-", "client-", "cert", "-dn", "role", "group", "email", "identity",
          "token", "account", "login", "principal", "secret", "admin", "subject"}) {
      if (name.find(part) != std::string::npos) return field;
    }
  }
  return nullptr;
}

/// "root /srv; try_files $uri =404", for what a location answered with.
std::string content_of(const Location& location) {
  std::string text;
  for (const Directive& inner : location.from->block) {
    if (inner.name == "location") continue;
    if (text.size() > 120) return text + "; ...";
    text += (text.empty() ? "" : "; ") + inner.text();
  }
  return text.empty() ? "nothing of its own" : text;
}

/// There is a '|' outside all groups: the expression has several beginnings.
bool has_alternatives(std::string_view expression) {
  int depth = 0;
  bool in_class = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    if (c == '\\') {
      ++i;
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
    } else if (c == '(' || c == ')') {
      depth += c == '(' ? 1 : -1;
    } else if (c == '|' && depth <= 0) {
      return true;
    }
  }
  return false;
}

/// The longest path of whole segments that all begins with which the expression matches, but for
/// the case of its letters; "" without one.
std::string sure_beginning(std::string_view expression) {
  if (!expression.starts_with("^/") || has_alternatives(expression)) return {};
  expression.remove_prefix(1);
  const std::size_t end = std::min(expression.find_first_of("\\^$.|?*+()[]{}"), expression.size());
  std::string path(expression.substr(0, end));
  const std::string_view rest = expression.substr(end);
  bool whole = rest.empty() || rest == "$" || rest.starts_with("(/|$)") ||
               rest.starts_with("(/.*)?$") || rest.starts_with("(?:/|$)");
  if (rest.starts_with('?') || rest.starts_with('*') || rest.starts_with('{')) {
    whole = path.ends_with('/') && rest == "?$";  // "^/ops/?$"
    path.pop_back();                              // it need not be there
  }
  if (!whole) path.resize(path.rfind('/') + 1);
  return path == "/" ? std::string() : path;
}

/// "location / { return 404; }".
bool is_not_found(const Location& location) {
  const auto& block = location.from->block;
  return location.kind == LocationKind::prefix && location.path == "/" && block.size() == 1 &&
         block.front().name == "return" && block.front().args == std::vector<std::string>{"404"};
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

struct RouteWriter::Candidate {
  const Location* location = nullptr;
  std::string path;
  std::string upstream = {};
  std::string comment = {};
  /// It keeps clients out.
  bool guarded = false;
  /// "/ws" is not meant for "/wsx".
  bool whole_segments = false;
};

void RouteWriter::close(Candidate& route) {
  route.upstream = upstreams_.closed();
  if (!route.comment.ends_with("report")) route.comment += ": not carried over, see the report";
}

void RouteWriter::lost(const Directive& at, std::string what, std::string why) {
  findings_.add({FindingId::untranslated, at.at, at.text(), std::move(what), std::move(why)});
}

void RouteWriter::note(const Directive& at, std::string what, std::string why) {
  findings_.add({FindingId::detail, at.at, at.text(), std::move(what), std::move(why)});
}

void RouteWriter::read_all(const Directive& block) {
  model_.read.insert(&block);
  for (const Directive& inner : block.block) {
    if (inner.name != "location") read_all(inner);
  }
}

void RouteWriter::host_field(const Location& location, const Directive& pass,
                             const std::string& address) {
  for (const Directive* field : location.scope->all("proxy_set_header")) {
    if (iequals(field->arg(0), "Host")) return;  // its value is judged where it stands
  }
  lost(pass,
       fmt::format("the backend gets 'Host: {}', since no proxy_set_header says otherwise",
                   printable(address)),
       "wssgate sends the client's Host: have the backend answer to that");
}

const Location* RouteWriter::fallback(const Directive* try_files) const {
  if (try_files == nullptr || try_files->args.empty()) return nullptr;
  for (const Location& each : server_->locations) {
    const bool meant = each.kind == LocationKind::named && each.path == try_files->args.back();
    if (meant && proxy_target(each, model_.http)) return &each;
  }
  return nullptr;
}

void RouteWriter::find_fallbacks() {
  fallbacks_.clear();
  const auto collect = [&](const std::vector<Directive>& block) {
    for (const Directive& inner : block) {
      if (inner.name == "try_files") fallbacks_.insert(fallback(&inner));
    }
  };
  collect(server_->from->block);
  for (const Location& each : server_->locations) collect(each.from->block);
}

/// Tells it where the backend gets another path than the client asked for.
bool RouteWriter::keeps_path(const Location& location, const ProxyTarget& target,
                             const std::string& path) {
  if (!target.uri.empty() && target.uri != path) {
    lost(*target.from,
         fmt::format("the path is changed: {} becomes {}", printable(path), printable(target.uri)),
         fmt::format("wssgate passes the path on as it came: have the backend answer below {}; 502 "
                     "there until then",
                     printable(path)));
    return false;
  }
  const Directive* const rewrite = in_block(location, "rewrite");
  if (rewrite == nullptr) return true;
  model_.read.insert(rewrite);
  lost(*rewrite, "the path is changed",
       "wssgate passes the path on as it came; 502 there until the backend answers to it");
  return false;
}

/// The rest of what goes with a guard is told with it.
void RouteWriter::read_guards(const Location& location) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "allow",        "deny",     "satisfy",     "auth_basic", "auth_basic_user_file",
      "auth_request", "internal", "limit_except"};
  for (const Scope* scope = location.scope; scope != nullptr; scope = scope->outer) {
    for (const std::string_view name : kNames) {
      for (const Directive* rule : scope->own(name)) {
        if (rule->has_block) read_all(*rule);
        model_.read.insert(rule);
      }
    }
  }
}

/// Tells it where the location, or the one that it leads to, keeps clients out.
bool RouteWriter::is_guarded(const Location& at, const Location& location) {
  const Directive* found = guard(at, model_.http);
  if (found == nullptr) found = guard(location, model_.http);
  if (found == nullptr) return false;
  read_guards(at);
  read_guards(location);
  lost(*at.from,
       fmt::format("'{}' at {} keeps some clients out", found->text(), place_text(found->at)),
       "wssgate has no rules like that: 502 there, so that nothing is exposed, until the backend "
       "or the network guards it; then name its upstream");
  return true;
}

bool RouteWriter::proxied(const Location& at, Candidate& into) {
  // "try_files $uri @app": what is no file goes to @app, and here everything does.
  const Directive* const files = in_block(at, "try_files");
  const bool own = proxy_target(at, model_.http).has_value();
  const Location* const named = own ? nullptr : fallback(files);
  const Location& location = named != nullptr ? *named : at;
  const auto target = proxy_target(location, model_.http);
  // What is returned goes before proxy_pass.
  if (!target || in_block(location, "return") != nullptr || in_block(at, "return") != nullptr) {
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
  if (!keeps_path(location, *target, into.path) || is_guarded(at, location)) return false;
  if (const Directive* const field = identity_field(location)) {
    lost(*at.from,
         fmt::format("'{}' at {} tells the backend who asks", field->text(), place_text(field->at)),
         "clients could write that themselves: 502 there, so that nothing is exposed, until the "
         "backend does not believe it; then name its upstream");
    return false;
  }
  into.upstream = upstreams_.of(*target, *location.scope);
  if (into.upstream.empty()) {
    lost(*target->from, "the backend has no address that can be used", "502 there until it has");
    return false;
  }
  host_field(location, *target->from,
             target->upstream != nullptr ? target->upstream->name : target->address);
  if (named != nullptr) {
    model_.read.insert(files);
    lost(*files, "files are looked for before the backend is asked",
         "wssgate serves no files: all requests go to the backend");
  }
  return true;
}

void RouteWriter::candidates(const Location& location, std::vector<Candidate>& all) {
  if (location.kind == LocationKind::named) {
    if (fallbacks_.count(&location) != 0) return;  // told where it is led to
    read_all(*location.from);
    return lost(*location.from,
                fmt::format("a location that others lead to: {}", content_of(location)),
                "wssgate has no such thing");
  }
  if (is_not_found(location)) {
    read_all(*location.from);
    return note(*location.from, "all other paths are not found",
                "wssgate answers 404 where there is no route");
  }
  Candidate made{&location, location.path};
  made.guarded = guard(location, model_.http) != nullptr || refuses(location);
  const bool root_alone = location.kind == LocationKind::exact && location.path == "/";
  if (root_alone && (made.guarded || !proxy_target(location, model_.http))) {
    read_all(*location.from);
    return lost(*location.from, fmt::format("for / alone: {}", content_of(location)),
                made.guarded ? "a route for / would cover everything: WHAT THIS KEPT AWAY FROM "
                               "CLIENTS NOW GOES to the route of /; have the backend refuse it"
                             : "a route for / would cover everything: it goes to the route of /");
  }
  if (location.kind != LocationKind::regex) {
    if (candidate(location, made)) all.push_back(std::move(made));
    return;
  }
  const PlainExpression plain = plain_expression(location);
  made.whole_segments = plain.whole_segments;
  for (const std::string& path : plain.paths) {
    Candidate each = made;
    each.path = path;
    if (candidate(location, each)) all.push_back(std::move(each));
  }
  const bool closes = plain.paths.empty() && made.guarded && expression(location, made);
  if (closes) all.push_back(std::move(made));
}

bool RouteWriter::candidate(const Location& location, Candidate& into) {
  if (!is_route_path(into.path)) {
    read_all(*location.from);
    lost(*location.from, fmt::format("'{}' is no path that a route can have", printable(into.path)),
         into.guarded ? "WHAT THIS KEPT AWAY FROM CLIENTS NOW GOES to the route of its longest "
                        "path; have the backend refuse it"
                      : "what it matched goes to the route of its longest path");
    return false;
  }
  into.comment = place_text(location.from->at);
  if (!proxied(location, into)) close(into);
  return true;
}

/// One that is no plain prefix and keeps clients out: the path that it begins with is closed.
bool RouteWriter::expression(const Location& location, Candidate& into) {
  const std::string content = content_of(location);
  read_all(*location.from);
  into.path = sure_beginning(location.path);
  if (!into.path.empty() && is_route_path(into.path)) {
    const bool any_case = location.from->arg(0).starts_with("~*");
    lost(*location.from, fmt::format("a location by an expression: {}", content),
         any_case ? fmt::format("wssgate has paths alone: all of {} gets 502, but IN OTHER CASE "
                                "WHAT THIS KEPT AWAY FROM CLIENTS NOW GOES to the route of its "
                                "longest path; have the backend refuse it",
                                into.path)
                  : fmt::format("wssgate has paths alone: all of {} gets 502, so that nothing is "
                                "exposed",
                                into.path));
    into.comment = place_text(location.from->at);
    close(into);
    return true;
  }
  lost(*location.from, fmt::format("a location by an expression: {}", content),
       "wssgate has paths alone: WHAT THIS KEPT AWAY FROM CLIENTS NOW GOES to the route of its "
       "longest path; have the backend refuse it");
  return false;
}

/// One that is no plain prefix and keeps nobody out: the routes take what it matched.
void RouteWriter::open_expression(const Location& location, const std::vector<Candidate>& kept) {
  const auto target = proxy_target(location, model_.http);
  const auto leads_there = [&](const Candidate& route) {
    const auto other = proxy_target(*route.location, model_.http);
    return other && other->address == target->address && other->tls == target->tls &&
           route.upstream != kClosedUpstream;
  };
  const bool everything = std::any_of(kept.begin(), kept.end(),
                                      [](const Candidate& route) { return route.path == "/"; });
  if (everything && target && target->fault.empty() && target->uri.empty() &&
      in_block(location, "rewrite") == nullptr &&
      std::all_of(kept.begin(), kept.end(), leads_there)) {
    return note(*location.from, "a location by an expression",
                "wssgate has paths alone, and all routes of the host lead to the same backend");
  }
  const std::string content = content_of(location);
  read_all(*location.from);
  lost(*location.from, fmt::format("a location by an expression: {}", content),
       "wssgate has paths alone: what it matched goes to the route of its longest path");
}

/// `= /x` is a route that covers what stands below as well.
void RouteWriter::judge_exact(const Location& location, const Candidate& route,
                              const std::vector<Candidate>& all) {
  const Candidate* below = nullptr;
  for (const Candidate& other : all) {
    if (&other == &route || !covers(other.path, route.path + "/")) continue;
    if (other.path.size() > route.path.size()) continue;
    if (below == nullptr || other.path.size() > below->path.size()) below = &other;
  }
  if (route.upstream == kClosedUpstream) {
    return note(*location.from, "the location stands for exactly this path",
                "the route that gets 502 covers what is below it too");
  }
  if (below != nullptr && below->upstream == route.upstream) {
    return note(*location.from, "the location stands for exactly this path",
                "the route covers what is below it too; it leads to the same upstream");
  }
  lost(*location.from, "the location stands for exactly this path",
       "a route covers what is below it too: that goes to the same upstream");
}

/// An expression goes before a longer path in nginx, but for "^~". What it kept clients out of is
/// closed here too.
void RouteWriter::judge_order(const Location& location, const Candidate& route,
                              std::vector<Candidate>& all) {
  for (Candidate& other : all) {
    if (!covers(route.path, other.path) || other.upstream == route.upstream) continue;
    if (other.location->kind != LocationKind::prefix) continue;
    if (other.location->from->arg(0) == "^~") continue;
    if (route.guarded) close(other);
    lost(*location.from,
         fmt::format("in nginx the expression goes before the longer path {}",
                     printable(other.path)),
         route.guarded ? "502 there too, so that nothing is exposed"
                       : "the longest path decides in wssgate");
  }
}

/// The server's own try_files has what no location takes.
void RouteWriter::everything_else(const Server& server, std::vector<Candidate>& all) {
  const auto& block = server.from->block;
  const auto files = std::find_if(block.begin(), block.end(),
                                  [](const Directive& each) { return each.name == "try_files"; });
  const Location* const named = files == block.end() ? nullptr : fallback(&*files);
  const bool taken = std::any_of(all.begin(), all.end(), [](const Candidate& each) {
    return each.path == "/" && each.location->kind == LocationKind::prefix;
  });
  if (named == nullptr || taken) return;
  Candidate made{named, "/", {}, place_text(named->from->at)};
  if (proxied(*named, made)) all.push_back(std::move(made));
}

/// A prefix before an exact one, and that before an expression.
std::vector<RouteWriter::Candidate> RouteWriter::one_a_path(const std::vector<Candidate>& found) {
  std::vector<Candidate> kept;
  for (const auto kind :
       {LocationKind::prefix, LocationKind::exact, LocationKind::regex, LocationKind::named}) {
    for (const Candidate& each : found) {
      if (each.location->kind != kind) continue;
      const auto same = std::find_if(kept.begin(), kept.end(), [&](const Candidate& other) {
        return other.path == each.path;
      });
      const bool covers_all = kind == LocationKind::exact && each.path == "/";
      if (same == kept.end() && !covers_all) {
        if (kind == LocationKind::regex) judge_order(*each.location, each, kept);
        kept.push_back(each);
      } else if (same != kept.end() && same->upstream == each.upstream) {
        note(*each.location->from, "another location has this path", "one route stands for both");
      } else if (same != kept.end() && each.guarded && !covers_all) {
        close(*same);
        lost(*each.location->from, "the path alone, without what is below it, is kept from clients",
             "a route covers both: 502 for both, so that nothing is exposed");
      } else {
        lost(*each.location->from, "the path alone, without what is below it, goes elsewhere",
             covers_all ? "a route for / would cover everything; it is left out"
                        : "a route covers both; the other location's is used");
      }
    }
  }
  return kept;
}

/// A prefix of nginx's may end within a segment.
void RouteWriter::judge_segments(const Candidate& route) {
  const Directive& at = *route.location->from;
  if (route.path.ends_with('/') || route.whole_segments) return;
  if (route.upstream == kClosedUpstream) {
    lost(at,
         fmt::format("in nginx the location covers {0}x and the like as well",
                     printable(route.path)),
         "a route covers whole segments: see that none of those has to be closed too");
  } else {
    note(at, fmt::format("in nginx {0} covers {0}x as well", printable(route.path)),
         "a route covers whole segments");
  }
}

DraftRoute RouteWriter::everything_closed(const std::string& comment) {
  return {comment, "/", upstreams_.closed()};
}

std::vector<DraftRoute> RouteWriter::of(const Server& server) {
  server_ = &server;
  find_fallbacks();
  std::vector<Candidate> found;
  for (const Location& location : server.locations) candidates(location, found);
  everything_else(server, found);
  const std::vector<Candidate> kept = one_a_path(found);
  for (const Location& location : server.locations) {
    const bool open = location.kind == LocationKind::regex &&
                      guard(location, model_.http) == nullptr && !refuses(location) &&
                      plain_expression(location).paths.empty();
    if (open) open_expression(location, kept);
  }
  std::vector<DraftRoute> routes;
  for (const Candidate& each : kept) {
    if (each.location->kind == LocationKind::exact) {
      judge_exact(*each.location, each, kept);
    } else {
      judge_segments(each);
    }
    routes.push_back({each.comment, each.path, each.upstream});
  }
  std::stable_sort(routes.begin(), routes.end(), [](const DraftRoute& a, const DraftRoute& b) {
    return a.path.size() > b.path.size();
  });
  return routes;
}

}  // namespace wssgate::nginx
