#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nginx/model.h"

namespace wssgate::nginx {

/// Where a location sends its requests.
struct ProxyTarget {
  const Directive* from = nullptr;
  bool tls = false;
  /// An upstream block's name, "host:port", or "unix:/path".
  std::string address;
  /// What takes the place of the location's path. Empty: the path goes on as it is.
  std::string uri;
  /// The block of that name; null where it is an address.
  const Upstream* upstream = nullptr;
  /// Why it cannot be followed, as a clause; empty when it can.
  std::string fault;
};

/// What the location's own proxy_pass means (it is not inherited); nothing without one. Variables
/// are followed where `set` gives them a fixed text, as people do so that nginx looks names up
/// again.
std::optional<ProxyTarget> proxy_target(const Location& location, const Realm& http);

/// How a location treats WebSocket upgrades.
struct UpgradeHeaders {
  /// What sends the Upgrade header on; null: nothing does.
  const Directive* upgrade = nullptr;
  /// What sends a Connection header that may be "upgrade"; null: nothing does.
  const Directive* connection = nullptr;
  bool http11 = false;
  /// An outer block's Upgrade header, which this location's own proxy_set_header takes away.
  const Directive* lost = nullptr;
  const Directive* lost_by = nullptr;
  /// It is meant for WebSockets, by what it sets or by its path.
  bool meant = false;

  bool works() const { return upgrade != nullptr && connection != nullptr && http11; }
};
UpgradeHeaders upgrade_headers(const Location& location);

/// The first segments of it are what WebSocket endpoints are called: /ws, /socket.io, /cable.
bool is_websocket_path(std::string_view path);

/// A location by an expression that is nothing but prefixes: "^/ws/", "^/(api|ws)(/|$)".
struct PlainExpression {
  /// Empty when it is anything else.
  std::vector<std::string> paths;
  /// It ends where a segment does: "/wsx" is not meant.
  bool whole_segments = false;
};
PlainExpression plain_expression(const Location& location);

}  // namespace wssgate::nginx
