#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
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

/// Peers that speak for their clients with a PROXY header.
struct ProxyProtocol {
  SourceLocation at;
  /// Each of their connections begins with a header, and nobody else's may.
  std::vector<Network> from;
  bool operator==(const ProxyProtocol&) const = default;
};

struct Listener {
  Located<SocketAddress> address;
  /// Plain HTTP, answered with a redirect to https at this port; 0: TLS.
  std::uint16_t redirect_to_https = 0;
  std::optional<ProxyProtocol> proxy_protocol = std::nullopt;
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
  /// The upstream that gets the TLS of these names as it comes. Empty: it ends here.
  Located<std::string> passthrough;
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
  std::uint64_t weight = 1;
  bool backup = false;
  /// 0: as many as come.
  Located<std::uint64_t> max_connections;

  /// What a single value stands for.
  static Endpoint of(std::string address) {
    Endpoint endpoint;
    endpoint.text = std::move(address);
    return endpoint;
  }
  bool operator==(const Endpoint&) const = default;
};

/// The certificate that wssgate shows to an upstream, with its private key.
struct UpstreamCertificate {
  Located<std::string> chain;
  Located<std::string> key;
  bool operator==(const UpstreamCertificate&) const = default;
};

/// TLS towards the endpoints of an upstream.
struct UpstreamTls {
  SourceLocation at;
  /// What the certificate must be for, a canonical host name or an IP address. Empty: each
  /// endpoint's own host.
  Located<std::string> server_name;
  /// A PEM file of CAs, in place of the system's and certificates.roots. Empty: those.
  Located<std::string> ca;
  std::optional<UpstreamCertificate> certificate;
  /// Off: whoever answers is taken for the upstream.
  bool verify = true;
  bool operator==(const UpstreamTls&) const = default;
};

enum class BalanceMethod : std::uint8_t { least_connections, round_robin, random_two };

/// What requests are hashed by: the first of these that a request has. Empty ones are not looked
/// at; without any it is the client's address.
struct HashSource {
  SourceLocation at;
  Located<std::string> header;
  Located<std::string> cookie;
  Located<std::string> query;

  enum class Word : std::uint8_t { client_address };
  static HashSource of(Word) { return {}; }
  bool operator==(const HashSource&) const = default;
};

struct Hash {
  HashSource by;
  bool operator==(const Hash&) const = default;
};

struct Balance {
  SourceLocation at;
  BalanceMethod method = BalanceMethod::least_connections;
  /// In place of `method`.
  std::optional<Hash> hash;

  static Balance of(BalanceMethod method) {
    Balance balance;
    balance.method = method;
    return balance;
  }
  bool operator==(const Balance&) const = default;
};

/// Where requests wait while every endpoint has its max_connections.
struct Queue {
  std::uint64_t length = 100;
  Duration timeout{5'000};
  bool operator==(const Queue&) const = default;
};

/// When requests find an endpoint to be no good.
struct Ejection {
  /// In a row.
  std::uint64_t failures = 3;
  /// The first time; each further one lasts twice as long, up to `max_time`.
  Duration time{5'000};
  Located<Duration> max_time{.value = std::chrono::minutes(5), .at = {}};
  bool operator==(const Ejection&) const = default;
};

enum class HealthCheck : std::uint8_t { http, tcp, websocket };

struct Health {
  SourceLocation at;
  HealthCheck check = HealthCheck::http;
  std::string path = "/";
  /// The Host field; empty: the endpoint's address.
  Located<std::string> host;
  Duration interval{5'000};
  Duration timeout{2'000};
  std::uint64_t healthy_after = 2;
  std::uint64_t unhealthy_after = 3;
  bool operator==(const Health&) const = default;
};
/// The PROXY header that connections to an upstream begin with. v2_ssl is v2 with what is known of
/// the client's TLS.
enum class ProxyHeader : std::uint8_t { off, v1, v2, v2_ssl };

struct Upstream {
  SourceLocation at;
  std::string name;
  std::vector<Endpoint> endpoints;
  Balance balance;
  Queue queue;
  Ejection ejection;
  std::optional<Health> health;
  /// 0: none.
  Located<Duration> slow_start;
  /// None: plain HTTP.
  std::optional<UpstreamTls> tls;
  ProxyHeader proxy_protocol = ProxyHeader::off;
  bool operator==(const Upstream&) const = default;
};

/// How endpoints' names are followed.
struct Resolver {
  Duration interval{30'000};
  bool operator==(const Resolver&) const = default;
};

struct Timeouts {
  Duration client_hello{5'000};
  Duration handshake{10'000};
  Duration request_head{10'000};
  Duration connect{3'000};
  Duration upgrade{10'000};
  Duration idle_http{60'000};
  /// 0: none.
  Duration drain_delay{0};
  Duration drain{30'000};
  bool operator==(const Timeouts&) const = default;
};

/// So many at once, and as many again spread over each period: a token bucket.
struct Rate {
  std::uint64_t count = 0;  ///< 0: no limit
  Duration period{0};

  bool limited() const { return count != 0; }
  bool operator==(const Rate&) const = default;
};

struct Limits {
  std::uint64_t connections = 100'000;
  /// 0: none, here and below.
  std::uint64_t connections_per_address = 0;
  /// In flight at a time.
  std::uint64_t handshakes = 0;
  Rate handshakes_per_address;
  Rate requests_per_address;
  std::uint64_t request_head = std::uint64_t{32} * 1024;
  std::uint64_t header_fields = 128;
  std::uint64_t request_body = 0;
  std::uint64_t client_hello = std::uint64_t{64} * 1024;
  bool operator==(const Limits&) const = default;
};

struct Admin {
  /// "unix:" and a path, or "off".
  Located<std::string> address{.value = "unix:/run/wssgate/admin.sock", .at = {}};
  /// A port for the same; none where it stands in no line.
  Located<SocketAddress> http;
  /// The file of the token that the port demands. Empty: none.
  Located<std::string> token;

  bool operator==(const Admin&) const = default;
};

/// Whose X-Request-ID a request has.
enum class RequestIdRule : std::uint8_t { take_over, trusted, make, off };

struct Config {
  std::string file;
  std::vector<Listener> listeners;
  /// 0: one a core.
  unsigned workers = 0;
  /// Whom to become once the listeners are open. Empty: nobody else.
  Located<std::string> user;
  Admin admin;
  Certificates certificates;
  Tickets tickets;
  std::vector<Host> hosts;
  Stapling stapling;
  std::vector<Upstream> upstreams;
  Resolver resolver;
  /// Clients whose X-Forwarded-* and Forwarded headers are believed and extended.
  std::vector<Network> trusted_proxies;
  RequestIdRule request_id = RequestIdRule::take_over;
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
