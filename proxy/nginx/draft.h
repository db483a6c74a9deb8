#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

/// A wssgate configuration as it is being written: config::Config's keys, with a comment to each
/// section. What is left out has wssgate's default.
namespace wssgate::nginx {

struct DraftListener {
  std::string comment;
  std::string address;
  /// 0: TLS.
  std::uint16_t redirect_port = 0;
  std::vector<std::string> proxy_protocol_from = {};
};

struct DraftRoute {
  std::string comment;
  std::string path;
  std::string upstream;
};

struct DraftHost {
  std::string comment;
  std::vector<std::string> names;
  std::vector<DraftRoute> routes = {};
  /// The upstream that gets the TLS as it comes; then there are no routes.
  std::string passthrough = {};
  std::string chain = {};
  std::string key = {};
  std::string staple = {};
  /// "{max_age: …}".
  std::string hsts = {};
  std::string client_ca = {};
  bool client_certificate_optional = false;
  bool tls13_only = false;
};

struct DraftEndpoint {
  std::string address;
  std::uint64_t weight = 1;
  bool backup = false;
  std::uint64_t max_connections = 0;
};

struct DraftTls {
  std::string server_name = {};
  std::string ca = {};
  std::string chain = {};
  std::string key = {};
  bool verify = true;
  bool operator==(const DraftTls&) const = default;
};

struct DraftUpstream {
  std::string comment;
  std::string name;
  std::vector<DraftEndpoint> endpoints = {};
  /// As it stands after "balance:".
  std::string balance = {};
  std::optional<std::uint64_t> failures = {};
  std::optional<Duration> ejection_time = {};
  std::optional<Duration> slow_start = {};
  std::optional<DraftTls> tls = {};
  bool proxy_protocol = false;
};

struct Draft {
  /// At the top, a line each.
  std::vector<std::string> comment;
  std::vector<DraftListener> listeners;
  std::vector<std::string> roots;
  std::vector<DraftHost> hosts;
  std::vector<DraftUpstream> upstreams;
  std::vector<std::string> trusted_proxies;
  std::optional<Duration> connect;
  std::optional<Duration> idle_http;
  std::optional<std::uint64_t> request_body;

  /// There is something that `wssgate run` could serve.
  bool serves() const { return !listeners.empty() && !hosts.empty() && !upstreams.empty(); }
};

/// The draft in YAML: the same text for the same draft, always. A draft that serves nothing becomes
/// its comments alone.
std::string to_yaml(const Draft& draft);

/// A scalar that YAML reads as this very text, and wssgate without expanding it: quoted where
/// needed.
std::string yaml_scalar(std::string_view text);

}  // namespace wssgate::nginx
