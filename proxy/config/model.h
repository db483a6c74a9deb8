#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/hostname.h"
#include "base/log.h"
#include "base/report.h"
#include "base/units.h"

/// A configuration as checked plain values: what `load` makes of the YAML text, and all that the
/// rest of the program sees of it. Defaults stand here and nowhere else.
namespace wssgate::config {

/// A value together with the place it was written, for problems that only a later step can see
/// (a certificate that does not cover a name, an address that is taken).
template <class T>
struct Located {
  T value{};
  SourceLocation at;
  bool operator==(const Located&) const = default;
};

enum class TlsPreset : std::uint8_t { modern, intermediate };
enum class TlsVersion : std::uint8_t { tls12, tls13 };

/// What a `tls` section says; the rest is as above it: the host's after its listener's, that one
/// after the built-in preset.
struct TlsSection {
  SourceLocation at;
  /// Resets everything that stands above.
  Located<std::optional<TlsPreset>> preset;
  Located<std::optional<TlsVersion>> min_version;
  /// OpenSSL's names, of TLS 1.2 and 1.3 together. None: as above.
  std::vector<Located<std::string>> ciphers;
  std::vector<Located<std::string>> groups;
  bool operator==(const TlsSection&) const = default;
};

struct Listener {
  Located<SocketAddress> address;
  /// Plain HTTP, answered with a redirect to https at this port; 0: TLS.
  std::uint16_t redirect_to_https = 0;
  std::optional<TlsSection> tls = std::nullopt;
  bool operator==(const Listener&) const = default;
};

/// A PEM full chain and its private key. Paths are absolute or relative to the working directory
/// (the loader has already resolved them against the configuration's folder).
struct CertificateFiles {
  Located<std::string> chain;
  Located<std::string> key;
  /// A DER OCSP response for it. Empty: none.
  Located<std::string> staple = {};
  bool operator==(const CertificateFiles&) const = default;
};

struct Certificates {
  /// Each subfolder holds one certificate: fullchain.pem and privkey.pem.
  std::vector<Located<std::string>> folders;
  /// PEM files of roots trusted besides the system's store.
  std::vector<Located<std::string>> roots;
  /// A folder of PEM files with intermediates, for chain files that lack one. Empty: none.
  Located<std::string> intermediates;
  bool operator==(const Certificates&) const = default;
};

struct Tickets {
  /// The file of secrets that nodes share; empty: each process makes its own.
  Located<std::string> keys;
  bool operator==(const Tickets&) const = default;
};

enum class WebSocketRule : std::uint8_t { allowed, required, refused };

/// How WebSockets are kept once they are open. Zero is "off".
struct WebSocketTerms {
  /// A side that sent nothing for so long gets a ping of ours …
  Duration ping_interval{30'000};
  /// … and is given up when nothing comes for so long after it.
  Duration ping_timeout{20'000};
  Duration idle_timeout{0};
  Duration max_age{0};
  /// Payload bytes, as they are on the wire.
  std::uint64_t max_message = 0;
  bool operator==(const WebSocketTerms&) const = default;
};

/// What a route says of its own WebSockets.
struct WebSocketOverrides {
  SourceLocation at;
  Located<std::optional<Duration>> ping_interval;
  Located<std::optional<Duration>> ping_timeout;
  Located<std::optional<Duration>> idle_timeout;
  Located<std::optional<Duration>> max_age;
  Located<std::optional<std::uint64_t>> max_message;

  /// `general`, but for what is said here.
  WebSocketTerms over(const WebSocketTerms& general) const;

  bool operator==(const WebSocketOverrides&) const = default;
};

struct Route {
  SourceLocation at;
  /// Starts with '/'. Matches itself and everything below it, whole segments only.
  std::string path = "/";
  Located<std::string> upstream;
  WebSocketRule websocket = WebSocketRule::allowed;
  /// Empty: any origin. "same-host", an origin ("https://app.example.com"), or one with a
  /// wildcard label ("https://*.example.com").
  std::vector<Located<std::string>> allowed_origins;
  std::optional<WebSocketOverrides> tunnel = std::nullopt;
  bool operator==(const Route&) const = default;
};

/// HTTP Strict Transport Security (RFC 6797).
struct Hsts {
  SourceLocation at;
  Duration max_age{0};
  bool include_subdomains = false;
  bool preload = false;

  /// "max-age=15552000; includeSubDomains".
  std::string field_value() const;

  bool operator==(const Hsts&) const = default;
};

/// Whether a certificate is served with an OCSP staple: where there is one to be had, always (no
/// handshake without), or never.
enum class OcspMode : std::uint8_t { automatic, required, off };

enum class ClientCertificateRule : std::uint8_t { required, optional };

/// Certificates that a host asks of its clients.
struct ClientCertificates {
  /// A PEM file of the CAs that issue them.
  Located<std::string> ca;
  ClientCertificateRule mode = ClientCertificateRule::required;
  bool operator==(const ClientCertificates&) const = default;
};

struct Host {
  SourceLocation at;
  std::vector<Located<HostPattern>> names;
  std::vector<Route> routes;
  /// Only where the names in the certificates are not to decide.
  std::optional<CertificateFiles> certificate;
  std::optional<Hsts> hsts;
  Located<OcspMode> ocsp;
  std::optional<ClientCertificates> client_certificates;

  std::optional<TlsSection> tls;
  bool operator==(const Host&) const = default;
};

/// How OCSP responses are fetched.
struct Stapling {
  /// The folder that keeps them across restarts. Empty: none.
  std::string cache = "/var/cache/wssgate/ocsp";
  /// "host:port" of a proxy to ask through. Empty: responders are asked directly.
  std::string http_proxy;
  /// For one responder, from the look-up of its name to its whole answer.
  Duration timeout{10'000};
  bool operator==(const Stapling&) const = default;
};

/// One address of an upstream: an IP address and port, a unix socket, or a name and port.
struct Endpoint {
  SourceLocation at;
  std::string text;
  bool operator==(const Endpoint&) const = default;
};

struct Upstream {
  SourceLocation at;
  std::string name;
  std::vector<Endpoint> endpoints;
  bool operator==(const Upstream&) const = default;
};

struct Timeouts {
  Duration client_hello{5'000};
  Duration handshake{10'000};
  Duration request_head{10'000};
  Duration connect{3'000};
  Duration upgrade{10'000};
  Duration idle_http{60'000};
  Duration drain{30'000};
  bool operator==(const Timeouts&) const = default;
};

struct Limits {
  std::uint64_t connections = 100'000;
  std::uint64_t request_head = std::uint64_t{32} * 1024;
  std::uint64_t client_hello = std::uint64_t{64} * 1024;
  bool operator==(const Limits&) const = default;
};

struct Admin {
  /// "unix:" and a path, or "off".
  Located<std::string> address{.value = "unix:/run/wssgate/admin.sock", .at = {}};

  bool operator==(const Admin&) const = default;
};

struct Config {
  std::string file;
  std::vector<Listener> listeners;
  /// 0: one a core.
  unsigned workers = 0;
  Admin admin;
  Certificates certificates;
  Tickets tickets;
  std::vector<Host> hosts;
  Stapling stapling;
  std::vector<Upstream> upstreams;
  /// Clients whose X-Forwarded-* and Forwarded headers are believed and extended.
  std::vector<Network> trusted_proxies;
  Timeouts timeouts;
  Limits limits;
  WebSocketTerms websocket;
  log::Settings log;
  bool operator==(const Config&) const = default;
};

/// What tells the listeners of a configuration apart, in its order: their addresses, numbered where
/// one stands several times (port 0 may).
std::vector<std::string> listener_names(const Config& config);

}  // namespace wssgate::config
