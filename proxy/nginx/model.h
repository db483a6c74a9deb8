#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/units.h"
#include "nginx/parser.h"

/// A configuration as nginx means it. Everything borrows from the tree, which has to outlive it.
namespace wssgate::nginx {

/// A block and those around it, for what is inherited.
struct Scope {
  using Directives = std::vector<const Directive*>;

  const Directive* block = nullptr;
  const Scope* outer = nullptr;
  /// What stands in it, by name: http may hold thousands of servers.
  std::unordered_map<std::string_view, Directives> by_name = {};

  /// All of that name in this very block, in order.
  const Directives& own(std::string_view name) const;

  /// The directive of that name in the innermost block that has one; null where none has.
  const Directive* find(std::string_view name) const;
  /// All of that name in the innermost block that has any: one in a location takes all of the
  /// server's away, which is how proxy_set_header and add_header are inherited.
  const Directives& all(std::string_view name) const;
  /// The first argument of `find`, or the default.
  std::string value(std::string_view name, std::string_view otherwise = "") const;
  bool is_on(std::string_view name) const { return value(name) == "on"; }
};

/// What one `listen` means.
struct Listen {
  const Directive* from = nullptr;
  /// "0.0.0.0:443", "[::]:443", "unix:/path": what tells sockets apart.
  std::string address;
  std::uint16_t port = 80;
  bool tls = false;
  bool default_server = false;
  bool proxy_protocol = false;
  bool udp = false;
  /// [::] that takes IPv4 too (ipv6only=off).
  bool both_families = false;
  /// It could not be read.
  bool valid = true;
};

enum class LocationKind : std::uint8_t { prefix, exact, regex, named };

struct Location {
  const Directive* from = nullptr;
  LocationKind kind = LocationKind::prefix;
  /// The path, the expression, or the name.
  std::string path;
  /// Owned by the model, so that its address stays.
  const Scope* scope = nullptr;
};

struct Server {
  const Directive* from = nullptr;
  const Scope* scope = nullptr;
  std::vector<Listen> listens;
  /// As written, lower case; without a server_name: one empty name.
  std::vector<std::string> names;
  const Directive* named_at = nullptr;
  /// In order, nested ones after the one around them.
  std::vector<Location> locations;

  bool has_tls() const;
};

struct UpstreamServer {
  const Directive* from = nullptr;
  /// "host:port", "[v6]:port", "unix:/path".
  std::string address;
  std::uint64_t weight = 1;
  std::uint64_t max_connections = 0;
  std::optional<std::uint64_t> max_fails;
  std::optional<Duration> fail_timeout;
  std::optional<Duration> slow_start;
  bool backup = false;
  bool down = false;
  /// Parameters that were not understood.
  std::vector<std::string> others;
};

struct Upstream {
  const Directive* from = nullptr;
  std::string name;
  std::vector<UpstreamServer> servers;
};

struct MapEntry {
  const Directive* from = nullptr;
  std::string key;
  std::string value;
};

struct Map {
  const Directive* from = nullptr;
  std::string source;  ///< "$ssl_preread_server_name"
  std::string target;  ///< "$backend"
  bool hostnames = false;
  std::vector<MapEntry> entries;
  const MapEntry* otherwise() const;
};

/// `http` or `stream`: what they share.
struct Realm {
  const Directive* from = nullptr;
  const Scope* scope = nullptr;
  std::vector<Server> servers;
  std::vector<Upstream> upstreams;
  std::vector<Map> maps;
  /// Where each name first stands in `upstreams`.
  std::map<std::string, std::size_t, std::less<>> upstream_places;

  const Upstream* upstream(std::string_view name) const;
  const Map* map_to(std::string_view variable) const;
};

struct Model {
  std::vector<std::unique_ptr<Scope>> scopes;
  Realm http;
  Realm stream;
  /// What the model has read itself: nobody need account for it again.
  std::unordered_set<const Directive*> read;
};

/// A file that begins with `server` or `upstream`, as those in sites-enabled do, is taken for what
/// stands in http.
Model build_model(const std::vector<Directive>& tree);

/// "60", "60s", "1m 30s" (written "1m30s"), "500ms", "1d"; nothing when it is none.
std::optional<Duration> parse_time(std::string_view text);
/// What a translation takes of times that are longer.
inline constexpr Duration kLongestTime = std::chrono::hours(24 * 365);
/// "8k", "10m", "1g", "4096".
std::optional<std::uint64_t> parse_bytes(std::string_view text);
/// "host", "host:port" and so on with the port added where none is written; a bare port where
/// `bare_port` has it stand for all addresses. Nothing when it is no address.
std::optional<std::string> with_port(std::string_view text, std::string_view default_port);

}  // namespace wssgate::nginx
