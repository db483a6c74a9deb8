#include "nginx/proxy_pass.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"

namespace wssgate::nginx {
namespace {

bool is_variable_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// What `set` gives the variable ("$x") around this location, where that is one fixed text.
const Directive* setter(const Scope* scope, std::string_view variable) {
  for (; scope != nullptr; scope = scope->outer) {
    if (scope->directives == nullptr) continue;
    for (const Directive& directive : *scope->directives) {
      if (directive.name == "set" && directive.arg(0) == variable) return &directive;
    }
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
    text.resize(text.size() - ending.size());
    return;
  }
}

bool is_close(const std::string& value) { return value.empty() || iequals(value, "close"); }

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

UpgradeHeaders upgrade_headers(const Location& location) {
  UpgradeHeaders found;
  const auto own = location.scope->all("proxy_set_header");
  for (const Directive* header : own) {
    if (iequals(header->arg(0), "Upgrade") && !header->arg(1).empty()) found.upgrade = header;
    if (iequals(header->arg(0), "Connection") && !is_close(header->arg(1))) {
      found.connection = header;
    }
  }
  found.http11 = location.scope->value("proxy_http_version", "1.0") == "1.1";
  // Where the headers in force stand: the blocks around that one are not looked at by nginx.
  const Scope* scope = location.scope;
  const auto sets = [](const Directive& d) { return d.name == "proxy_set_header"; };
  while (scope != nullptr &&
         (scope->directives == nullptr ||
          std::none_of(scope->directives->begin(), scope->directives->end(), sets))) {
    scope = scope->outer;
  }
  if (found.upgrade == nullptr && scope != nullptr) {
    for (scope = scope->outer; scope != nullptr; scope = scope->outer) {
      if (scope->directives == nullptr) continue;
      for (const Directive& directive : *scope->directives) {
        if (!sets(directive) || !iequals(directive.arg(0), "Upgrade")) continue;
        if (found.lost == nullptr) found.lost = &directive;
        found.lost_by = own.front();
      }
    }
  }
  const bool connection_upgrade =
      found.connection != nullptr && (iequals(found.connection->arg(1), "upgrade") ||
                                      found.connection->arg(1) == "$connection_upgrade");
  found.meant = found.upgrade != nullptr || found.lost != nullptr || connection_upgrade ||
                is_websocket_path(location.kind == LocationKind::regex
                                      ? prefix_of(location).value_or(std::string())
                                      : location.path);
  return found;
}

std::optional<std::string> prefix_of(const Location& location) {
  if (location.kind != LocationKind::regex || location.from->arg(0).starts_with("~*")) {
    return std::nullopt;
  }
  std::string_view text = location.path;
  if (!text.starts_with("^/")) return std::nullopt;
  text.remove_prefix(1);
  for (const std::string_view ending : {".*$", ".*", "(.*)$", "(.*)"}) {
    if (!text.ends_with(ending)) continue;
    text.remove_suffix(ending.size());
    break;
  }
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return is_variable_character(c) || c == '-' || c == '/';
  });
  // Without the '/' it would cover parts of segments.
  if (!plain || !text.ends_with('/')) return std::nullopt;
  return std::string(text);
}

}  // namespace wssgate::nginx
