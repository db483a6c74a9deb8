#include "nginx/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/address.h"
#include "base/text.h"

namespace wssgate::nginx {
namespace {

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// What follows "key=" where `text` begins with it.
std::optional<std::string_view> parameter(std::string_view text, std::string_view key) {
  if (!text.starts_with(key) || text.size() == key.size() || text[key.size()] != '=') {
    return std::nullopt;
  }
  return text.substr(key.size() + 1);
}

Listen read_listen(const Directive& directive, bool ssl_on) {
  Listen listen;
  listen.from = &directive;
  listen.tls = ssl_on;
  std::string text = directive.arg(0);
  if (all_digits(text)) text = "0.0.0.0:" + text;
  if (text.starts_with("*:")) text = "0.0.0.0" + text.substr(1);
  if (text == "*") text = "0.0.0.0";
  if (text == "localhost" || text.starts_with("localhost:")) text.replace(0, 9, "127.0.0.1");
  const auto address = with_port(text, "80");
  const auto parsed = address ? SocketAddress::parse(*address) : std::nullopt;
  listen.valid = parsed.has_value();
  listen.address = parsed ? parsed->text() : text;
  if (parsed) listen.port = parsed->port();
  for (std::size_t i = 1; i < directive.args.size(); ++i) {
    const std::string& word = directive.args[i];
    listen.tls = listen.tls || word == "ssl" || word == "quic";
    listen.default_server = listen.default_server || word == "default_server" || word == "default";
    listen.proxy_protocol = listen.proxy_protocol || word == "proxy_protocol";
    listen.udp = listen.udp || word == "udp" || word == "quic";
    listen.both_families = listen.both_families || word == "ipv6only=off";
  }
  return listen;
}

UpstreamServer read_upstream_server(const Directive& directive, std::string_view default_port) {
  UpstreamServer server;
  server.from = &directive;
  server.address = with_port(directive.arg(0), default_port).value_or(directive.arg(0));
  for (std::size_t i = 1; i < directive.args.size(); ++i) {
    const std::string& word = directive.args[i];
    if (word == "backup") {
      server.backup = true;
    } else if (word == "down") {
      server.down = true;
    } else if (const auto weight = parameter(word, "weight")) {
      server.weight = number(*weight).value_or(1);
    } else if (const auto most = parameter(word, "max_conns")) {
      server.max_connections = number(*most).value_or(0);
    } else if (const auto fails = parameter(word, "max_fails")) {
      server.max_fails = number(*fails);
    } else if (const auto time = parameter(word, "fail_timeout")) {
      server.fail_timeout = parse_time(*time);
    } else if (const auto start = parameter(word, "slow_start")) {
      server.slow_start = parse_time(*start);
    } else if (word != "resolve") {  // which wssgate does always
      server.others.push_back(word);
    }
  }
  return server;
}

class Builder {
 public:
  explicit Builder(Model& model) : model_(model) {}

  void realm(Realm& realm, const Directive* from, const std::vector<Directive>& directives,
             const Scope* outer, bool http) {
    const Scope* const scope = open(from, directives, outer);
    if (realm.scope == nullptr) {
      realm.from = from;
      realm.scope = scope;
    }
    for (const Directive& directive : directives) {
      if (!directive.has_block) continue;
      if (directive.name == "server") {
        realm.servers.push_back(server(directive, scope));
      } else if (directive.name == "upstream") {
        realm.upstream_places.try_emplace(directive.arg(0), realm.upstreams.size());
        realm.upstreams.push_back(upstream(directive, http ? "80" : ""));
      } else if (directive.name == "map") {
        realm.maps.push_back(map(directive));
      }
    }
  }

  const Scope* open(const Directive* from, const std::vector<Directive>& directives,
                    const Scope* outer) {
    auto scope = std::make_unique<Scope>(Scope{from, outer});
    for (const Directive& each : directives) scope->by_name[each.name].push_back(&each);
    model_.scopes.push_back(std::move(scope));
    return model_.scopes.back().get();
  }

 private:
  Server server(const Directive& directive, const Scope* outer) {
    model_.read.insert(&directive);
    Server made;
    made.from = &directive;
    made.scope = open(&directive, directive.block, outer);
    bool ssl_on = false;  // "ssl on;", removed in nginx 1.25
    for (const Directive& inner : directive.block) {
      if (inner.name != "ssl") continue;
      model_.read.insert(&inner);
      ssl_on = ssl_on || inner.arg(0) == "on";
    }
    for (const Directive& inner : directive.block) {
      if (inner.name == "listen") {
        model_.read.insert(&inner);
        made.listens.push_back(read_listen(inner, ssl_on));
      } else if (inner.name == "server_name") {
        model_.read.insert(&inner);
        if (made.named_at == nullptr) made.named_at = &inner;
        for (const std::string& name : inner.args) made.names.push_back(to_lower(name));
      } else if (inner.name == "location" && inner.has_block) {
        location(inner, made.scope, made);
      }
    }
    if (made.names.empty()) made.names.emplace_back();
    if (made.listens.empty()) {
      Listen listen;
      listen.from = &directive;
      listen.address = "0.0.0.0:80";
      listen.tls = ssl_on;
      made.listens.push_back(std::move(listen));
    }
    return made;
  }

  void location(const Directive& directive, const Scope* outer, Server& into) {
    model_.read.insert(&directive);
    Location made;
    made.from = &directive;
    made.scope = open(&directive, directive.block, outer);
    std::string modifier = directive.args.size() > 1 ? directive.arg(0) : "";
    std::string path = directive.args.size() > 1 ? directive.arg(1) : directive.arg(0);
    if (modifier.empty()) {  // "=/exact" and "~^/x" may be written together
      for (const std::string_view known : {"=", "^~", "~*", "~"}) {
        if (!path.starts_with(known)) continue;
        modifier = known;
        path.erase(0, known.size());
        break;
      }
    }
    made.path = path;
    if (modifier == "=") made.kind = LocationKind::exact;
    if (modifier == "~" || modifier == "~*") made.kind = LocationKind::regex;
    if (modifier.empty() && path.starts_with('@')) made.kind = LocationKind::named;
    into.locations.push_back(made);
    for (const Directive& inner : directive.block) {
      if (inner.name == "location" && inner.has_block) location(inner, made.scope, into);
    }
  }

  Upstream upstream(const Directive& directive, std::string_view default_port) {
    model_.read.insert(&directive);
    Upstream made{&directive, directive.arg(0), {}};
    for (const Directive& inner : directive.block) {
      if (inner.name != "server") continue;
      model_.read.insert(&inner);
      made.servers.push_back(read_upstream_server(inner, default_port));
    }
    return made;
  }

  Map map(const Directive& directive) {
    Map made{&directive, directive.arg(0), directive.arg(1), false, {}};
    for (const Directive& inner : directive.block) {
      if (inner.name == "hostnames" && inner.args.empty()) {
        made.hostnames = true;
      } else if (inner.name != "volatile" && inner.name != "include") {
        made.entries.push_back({&inner, inner.name, inner.arg(0)});
      }
    }
    return made;
  }

  Model& model_;
};

}  // namespace

const Scope::Directives& Scope::own(std::string_view name) const {
  static const Directives none;
  const auto found = by_name.find(name);
  return found == by_name.end() ? none : found->second;
}

const Scope::Directives& Scope::all(std::string_view name) const {
  const Scope* scope = this;
  while (scope->outer != nullptr && scope->own(name).empty()) scope = scope->outer;
  return scope->own(name);
}

const Directive* Scope::find(std::string_view name) const {
  const Directives& found = all(name);
  return found.empty() ? nullptr : found.front();
}

std::string Scope::value(std::string_view name, std::string_view otherwise) const {
  const Directive* const found = find(name);
  return found == nullptr ? std::string(otherwise) : found->arg(0);
}

bool Server::has_tls() const {
  return std::any_of(listens.begin(), listens.end(), [](const Listen& l) { return l.tls; });
}

const MapEntry* Map::otherwise() const {
  for (const MapEntry& entry : entries) {
    if (entry.key == "default") return &entry;
  }
  return nullptr;
}

const Upstream* Realm::upstream(std::string_view name) const {
  const auto found = upstream_places.find(name);
  return found == upstream_places.end() ? nullptr : &upstreams[found->second];
}

const Map* Realm::map_to(std::string_view variable) const {
  for (const Map& each : maps) {
    if (each.target == variable) return &each;
  }
  return nullptr;
}

Model build_model(const std::vector<Directive>& tree) {
  Model model;
  Builder builder(model);
  const Scope* const main = builder.open(nullptr, tree, nullptr);
  bool bare = true;
  for (const Directive& directive : tree) {
    if (!directive.has_block || (directive.name != "http" && directive.name != "stream")) continue;
    bare = false;
    model.read.insert(&directive);
    const bool http = directive.name == "http";
    builder.realm(http ? model.http : model.stream, &directive, directive.block, main, http);
  }
  if (bare) builder.realm(model.http, nullptr, tree, nullptr, true);
  // So that nobody has to ask whether there is an http or a stream.
  if (model.http.scope == nullptr) model.http.scope = main;
  if (model.stream.scope == nullptr) model.stream.scope = main;
  return model;
}

std::optional<Duration> parse_time(std::string_view text) {
  constexpr std::uint64_t most = std::uint64_t{1000} * 86400 * 365 * 100;
  constexpr struct {
    std::string_view unit;
    std::uint64_t milliseconds;
  } units[] = {{"ms", 1},         {"s", 1000},        {"m", 60'000},        {"h", 3'600'000},
               {"d", 86'400'000}, {"w", 604'800'000}, {"M", 2'592'000'000}, {"y", 31'536'000'000}};
  std::uint64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto value = number(text.substr(0, digits));
    if (!value) return std::nullopt;
    text.remove_prefix(digits);
    std::uint64_t factor = 1000;  // a bare number is in seconds
    if (!text.empty() && text.front() != ' ') {
      const auto* const unit = std::find_if(std::begin(units), std::end(units), [&](const auto& u) {
        return text.starts_with(u.unit);
      });
      if (unit == std::end(units)) return std::nullopt;
      factor = unit->milliseconds;
      text.remove_prefix(unit->unit.size());
    }
    if (*value > most / factor) return std::nullopt;
    total += *value * factor;
    if (total > most) return std::nullopt;
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  return Duration(static_cast<Duration::rep>(total));
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  if (text.empty()) return std::nullopt;
  unsigned shift = 0;
  switch (text.back()) {
    case 'k':
    case 'K':
      shift = 10;
      break;
    case 'm':
    case 'M':
      shift = 20;
      break;
    case 'g':
    case 'G':
      shift = 30;
      break;
    default:
      break;
  }
  if (shift != 0) text.remove_suffix(1);
  const auto value = number(text);
  if (!value || *value > (std::uint64_t{1} << 62U) >> shift) return std::nullopt;
  return *value << shift;
}

std::optional<std::string> with_port(std::string_view text, std::string_view default_port) {
  if (text.empty()) return std::nullopt;
  if (text.starts_with("unix:")) return std::string(text);
  const auto bracket = text.find(']');
  const auto colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    if (!parse_host_port(text)) return std::nullopt;
    return std::string(text);
  }
  if (default_port.empty()) return std::nullopt;
  return fmt::format("{}:{}", text, default_port);
}

}  // namespace wssgate::nginx
