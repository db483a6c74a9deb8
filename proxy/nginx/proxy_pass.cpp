#include "nginx/proxy_pass.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <utility>

#include "base/text.h"

namespace wssgate::nginx {
namespace {

constexpr std::size_t kMostAlternatives = 16;

bool is_variable_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// What `set` gives the variable ("$x") around this location, where that is one fixed text.
const Directive* setter(const Scope* scope, std::string_view variable) {
  const auto sets_it = [&](const Directive& inner) {
    return inner.name == "set" && inner.arg(0) == variable;
  };
  for (; scope != nullptr; scope = scope->outer) {
    for (const Directive* condition : scope->own("if")) {
      const auto& block = condition->block;
      if (std::any_of(block.begin(), block.end(), sets_it)) return nullptr;
    }
    const auto& all = scope->own("set");  // one after the other: the last counts
    const auto last =
        std::find_if(all.rbegin(), all.rend(), [&](const Directive* set) { return sets_it(*set); });
    if (last != all.rend()) return *last;
  }
  return nullptr;
}

/// The text with each fixed variable replaced; the first one that is not goes to `unknown`.
std::string expand(std::string_view text, const Scope* scope, std::string& unknown) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      out += text[at++];
      continue;
    }
    const bool braced = text.substr(at + 1).starts_with('{');
    const std::size_t begin = at + (braced ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && is_variable_character(text[end])) ++end;
    const std::string variable = "$" + std::string(text.substr(begin, end - begin));
    const Directive* const set = setter(scope, variable);
    if (set != nullptr && set->arg(1).find('$') == std::string::npos) {
      out += set->arg(1);
    } else if (unknown.empty()) {
      unknown = variable;
    }
    at = end + (braced && end < text.size() && text[end] == '}' ? 1 : 0);
  }
  return out;
}

/// Takes away an ending that says "the path as it came".
void drop_same_path(std::string& text) {
  for (const std::string_view ending :
       {"$request_uri", "${request_uri}", "$uri$is_args$args", "$uri?$args"}) {
    if (!text.ends_with(ending)) continue;
    text.erase(text.size() - ending.size());
    return;
  }
}

/// Takes the first of these away that the text ends with.
bool drop_ending(std::string_view& text, std::initializer_list<std::string_view> endings) {
  for (const std::string_view ending : endings) {
    if (!text.ends_with(ending)) continue;
    text.remove_suffix(ending.size());
    return true;
  }
  return false;
}

/// One character that stands for itself, from the front of an expression. A '.' between two letters
/// is meant as one: "socket.io".
std::optional<char> take_literal(std::string_view& text) {
  const auto is_letter = [&](std::size_t at) {
    return at < text.size() && is_variable_character(text[at]);
  };
  const char c = text.front();
  if (c == '\\' && text.size() > 1 && std::string_view("./-_").find(text[1]) != text.npos) {
    const char escaped = text[1];
    text.remove_prefix(2);
    return escaped;
  }
  if (!is_variable_character(c) && c != '-' && c != '/' && !(c == '.' && is_letter(1))) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  return c;
}

/// "(a|b)" or "(?:a|b)" of literals, from the front; empty when it is anything else.
std::vector<std::string> take_alternatives(std::string_view& text) {
  const auto end = text.find(')');
  if (end == std::string_view::npos) return {};
  std::string_view group = text.substr(1, end - 1);
  if (group.starts_with("?:")) group.remove_prefix(2);
  std::vector<std::string> alternatives;
  for (std::string_view each : split(group, '|')) {
    std::string literal;
    while (!each.empty()) {
      const auto c = take_literal(each);
      if (!c) return {};
      literal += *c;
    }
    if (literal.empty()) return {};
    alternatives.push_back(std::move(literal));
  }
  text.remove_prefix(end + 1);
  return alternatives;
}

/// "upgrade", or a variable that may be that.
bool can_upgrade(const std::string& value) {
  return to_lower(value).find("upgrade") != std::string::npos ||
         value.find('$') != std::string::npos;
}

}  // namespace

std::optional<ProxyTarget> proxy_target(const Location& location, const Realm& http) {
  ProxyTarget target;
  for (const Directive& directive : location.from->block) {
    if (directive.name == "proxy_pass") target.from = &directive;
  }
  if (target.from == nullptr) return std::nullopt;
  std::string text = target.from->arg(0);
  const bool has_variables = text.find('$') != std::string::npos;
  drop_same_path(text);
  std::string unknown;
  text = expand(text, location.scope, unknown);
  if (!unknown.empty()) {
    target.fault = "the backend is named by " + printable(unknown) + ", which differs by request";
    return target;
  }
  const std::string lower = to_lower(text);
  const bool https = lower.starts_with("https://");
  if (!https && !lower.starts_with("http://")) {
    target.fault = "it names neither http:// nor https://";
    return target;
  }
  target.tls = https;
  std::string rest = text.substr(https ? 8 : 7);
  if (rest.starts_with("unix:")) {
    const auto colon = rest.find(':', 5);
    target.address = rest.substr(0, colon);
    if (colon != std::string::npos) target.uri = rest.substr(colon + 1);
  } else {
    const auto slash = rest.find('/');
    target.address = rest.substr(0, slash);
    if (slash != std::string::npos) target.uri = rest.substr(slash);
  }
  target.upstream = http.upstream(target.address);
  if (target.upstream == nullptr) {
    const auto address = with_port(target.address, https ? "443" : "80");
    if (address) {
      target.address = *address;
    } else {
      target.fault = "its address cannot be read";
    }
  }
  // With variables nginx replaces the whole request URI by what is written.
  if (has_variables && !target.uri.empty()) {
    target.fault = "with a variable in it every request goes to the same path";
  }
  return target;
}

bool is_websocket_path(std::string_view path) {
  static constexpr std::array<std::string_view, 14> kNames = {
      "ws",     "wss",     "websocket", "websockets", "socket.io", "sockjs", "sockjs-node",
      "socket", "sockets", "cable",     "signalr",    "engine.io", "ws-api", "hub"};
  for (const std::string_view segment : split(path, '/')) {
    const std::string lower = to_lower(segment);
    if (std::find(kNames.begin(), kNames.end(), lower) != kNames.end()) return true;
  }
  return false;
}

namespace {

bool has_websocket_path(const Location& location) {
  if (location.kind != LocationKind::regex) return is_websocket_path(location.path);
  const auto paths = plain_expression(location).paths;
  return std::any_of(paths.begin(), paths.end(), is_websocket_path);
}

}  // namespace

UpgradeHeaders upgrade_headers(const Location& location) {
  UpgradeHeaders found;
  constexpr std::string_view kSets = "proxy_set_header";
  const auto& in_force = location.scope->all(kSets);
  for (const Directive* header : in_force) {
    if (iequals(header->arg(0), "Upgrade") && !header->arg(1).empty()) found.upgrade = header;
    if (iequals(header->arg(0), "Connection") && can_upgrade(header->arg(1))) {
      found.connection = header;
    }
  }
  found.http11 = location.scope->value("proxy_http_version", "1.0") == "1.1";
  // The blocks around the one whose headers are in force are not looked at by nginx.
  const Scope* scope = location.scope;
  while (scope != nullptr && scope->own(kSets).empty()) scope = scope->outer;
  if (found.upgrade == nullptr && scope != nullptr) {
    for (scope = scope->outer; scope != nullptr; scope = scope->outer) {
      for (const Directive* header : scope->own(kSets)) {
        if (!iequals(header->arg(0), "Upgrade")) continue;
        if (found.lost == nullptr) found.lost = header;
        found.lost_by = in_force.front();
      }
    }
  }
  const bool connection_upgrade =
      found.connection != nullptr && (iequals(found.connection->arg(1), "upgrade") ||
                                      found.connection->arg(1) == "$connection_upgrade");
  found.meant = found.upgrade != nullptr || found.lost != nullptr || connection_upgrade ||
                has_websocket_path(location);
  return found;
}

PlainExpression plain_expression(const Location& location) {
  PlainExpression plain;
  std::string_view text = location.path;
  if (location.kind != LocationKind::regex || location.from->arg(0).starts_with("~*") ||
      !text.starts_with('^')) {
    return plain;
  }
  text.remove_prefix(1);
  plain.whole_segments = drop_ending(text, {"(/.*)?$", "(?:/.*)?$", "(/|$)", "(?:/|$)", "($|/)"});
  if (!plain.whole_segments) drop_ending(text, {"(.*)$", "(.*)", ".*$", ".*"});
  plain.paths = {""};
  while (!text.empty()) {
    std::vector<std::string> next;
    if (text.starts_with('(')) {
      next = take_alternatives(text);
    } else if (auto character = take_literal(text)) {
      next.emplace_back(1, *character);
    }
    std::vector<std::string> longer;
    for (const std::string& path : plain.paths) {
      for (const std::string& each : next) longer.push_back(path + each);
    }
    plain.paths = std::move(longer);
    if (plain.paths.empty() || plain.paths.size() > kMostAlternatives) return {};
  }
  const bool rooted = std::all_of(plain.paths.begin(), plain.paths.end(),
                                  [](const std::string& path) { return path.starts_with('/'); });
  return rooted ? plain : PlainExpression{};
}

}  // namespace wssgate::nginx
