#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/echo_backend.h"
#include "cli/serve.h"
#include "config/forms.h"
#include "net/listener.h"
#include "pki/dev_ca.h"

namespace wssgate::cli {
namespace {

// Nobody depends on what runs here.
constexpr Duration kDrain{1'000};
constexpr std::uint64_t kConnections = 1'000;
constexpr int kPortAttempts = 16;

/// Where problems are: there is no file, so the option to change stands in for it.
SourceLocation at_option(const std::string& option) { return {"wssgate dev " + option, 0, 0}; }

/// What the command line asks for, checked.
struct Request {
  std::vector<HostPattern> hosts;
  std::vector<std::string> addresses;  // IP literals among the names

  std::vector<std::string> certificate_names() const;
  /// A name for URLs.
  std::string name() const;
};

std::vector<std::string> Request::certificate_names() const {
  std::vector<std::string> names;
  for (const HostPattern& host : hosts) names.push_back(host.text());
  for (const char* loopback : {"127.0.0.1", "::1"}) names.emplace_back(loopback);
  names.insert(names.end(), addresses.begin(), addresses.end());
  return names;
}

std::string Request::name() const {
  const auto exact = std::find_if(hosts.begin(), hosts.end(),
                                  [](const HostPattern& host) { return !host.is_wildcard(); });
  return exact != hosts.end() ? exact->text() : "any." + hosts.front().suffix();
}

bool is_ip_literal(const std::string& name) {
  return SocketAddress::parse(name + ":0") || SocketAddress::parse("[" + name + "]:0");
}

Request read_names(const std::vector<std::string>& names, Report& report) {
  Request request;
  for (const std::string& name : names) {
    if (name.empty()) {
      report.add(at_option("NAME"), "a name is empty", "leave it out, or write one");
      continue;
    }
    if (is_ip_literal(name)) {
      request.addresses.push_back(name);
      continue;
    }
    auto parsed = config::HostPatternForm()(name);
    if (const auto* fault = std::get_if<config::Fault>(&parsed)) {
      report.add(at_option("NAME"), fmt::format("'{}' {}", printable(name), fault->what),
                 fault->instead);
      continue;
    }
    const auto& host = std::get<HostPattern>(parsed);
    const bool known =
        std::find(request.hosts.begin(), request.hosts.end(), host) != request.hosts.end();
    if (!known) request.hosts.push_back(host);
  }
  if (request.hosts.empty()) request.hosts.push_back(*HostPattern::parse("localhost"));
  return request;
}

void check_upstream(const std::string& upstream, Report& report) {
  if (upstream.empty()) return;
  const auto parsed = config::EndpointForm()(upstream);
  if (const auto* fault = std::get_if<config::Fault>(&parsed)) {
    report.add(at_option("--upstream"), fmt::format("'{}' {}", printable(upstream), fault->what),
               fault->instead);
  }
}

/// Whether the machine has the address, and (where the port is not 0) its port is free.
std::optional<SocketAddress> bindable(const std::string& ip, std::uint16_t port) {
  const auto address = SocketAddress::parse(fmt::format("{}:{}", ip, port));
  try {
    const net::Fd probe = net::listen_on(*address, false);
    return net::bound_address(probe.get());
  } catch (const std::system_error&) {
    return std::nullopt;
  }
}

/// Both loopback addresses, or IPv4's alone where there is no IPv6. They have one port, because one
/// URL leads to both: for port 0 one that is free on both.
std::vector<SocketAddress> loopback_addresses(std::uint16_t port) {
  const bool has_ipv6 = bindable("[::1]", 0).has_value();
  for (int i = 0; port == 0 && i < kPortAttempts; ++i) {
    const auto free = bindable("127.0.0.1", 0);
    if (free && (!has_ipv6 || bindable("[::1]", free->port()))) port = free->port();
  }
  std::vector<SocketAddress> addresses = {*SocketAddress::parse(fmt::format("127.0.0.1:{}", port))};
  if (has_ipv6) addresses.push_back(*SocketAddress::parse(fmt::format("[::1]:{}", port)));
  return addresses;
}

config::Config make_config(const DevOptions& options, const Request& request,
                           const pki::DevCertificate& certificate, const std::string& backend) {
  const SourceLocation at = at_option("--folder");
  config::Config config;
  config.file = "wssgate dev";
  for (const SocketAddress& address : loopback_addresses(options.port)) {
    config.listeners.push_back({.address = {address, at_option("--port")}});
  }
  config.certificates.roots.push_back({certificate.ca.root.file, at});
  config::Host host;
  for (const HostPattern& name : request.hosts) host.names.push_back({name, at_option("NAME")});
  config::Route route;
  route.upstream = {"backend", at_option("--upstream")};
  host.routes.push_back(route);
  host.certificate = {.chain = {certificate.chain_file, at}, .key = {certificate.key_file, at}};
  config.hosts.push_back(std::move(host));
  config::Upstream& upstream = config.upstreams.emplace_back();
  upstream.name = "backend";
  upstream.endpoints.push_back(config::Endpoint::of(backend));
  upstream.at = upstream.endpoints.back().at = at_option("--upstream");
  config.timeouts.drain = kDrain;
  config.admin.address.value = "off";
  config.stapling.cache.clear();
  config.limits.connections = kConnections;
  config.log.format = log::Format::text;
  options.log.apply_to(config.log);
  return config;
}

std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

/// As one word of a shell.
std::string quoted(const std::string& text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return (std::isalnum(c) != 0) ||
           std::string_view("/._-+:@%").find(char(c)) != std::string::npos;
  });
  if (plain) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Names that resolve to this machine only if somebody arranges for it (RFC 6761 §6.3).
std::vector<std::string> names_to_resolve(const Request& request) {
  std::vector<std::string> names;
  for (const HostPattern& host : request.hosts) {
    const std::string dotted = "." + host.suffix();
    if (dotted.ends_with(".localhost")) continue;
    names.push_back(host.is_wildcard() ? "any." + host.suffix() : host.text());
  }
  return names;
}

std::string greeting(const Request& request, const pki::DevCertificate& certificate,
                     const std::string& leads_to, std::uint16_t port) {
  const std::string authority = fmt::format("{}:{}", request.name(), port);
  const std::string ca = absolute(certificate.ca.root.file);
  std::string text = fmt::format(
      "wssgate " WSSGATE_VERSION
      " serves wss://{}/ on this machine\n\n"
      "  goes to     {}\n"
      "  local CA    {}{}\n",
      authority, leads_to, ca,
      certificate.ca.is_new ? "\n              (made just now: trust this one, in place of any "
                              "earlier one)"
                            : "");
  const auto to_resolve = names_to_resolve(request);
  if (!to_resolve.empty()) {
    text += fmt::format(
        "  names       add '127.0.0.1 {}' to /etc/hosts, unless they lead to this machine "
        "already\n",
        fmt::join(to_resolve, " "));
  }
  if (!request.addresses.empty()) {
    text += fmt::format(
        "  addresses   {}: in the certificate, but no client sends an IP address as its server\n"
        "              name, and without a name wssgate refuses: connect by {}\n",
        fmt::join(request.addresses, ", "), request.name());
  }
  text += fmt::format(R"(
Connect to it, trusting the local CA:

  curl        curl --cacert {0} https://{1}/
  handshake   curl --cacert {0} -i -N -m 2 -H 'Connection: Upgrade' -H 'Upgrade: websocket' \
                -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' \
                https://{1}/
  Node 22     NODE_EXTRA_CA_CERTS={0} node -e '
                const socket = new WebSocket("wss://{1}/");
                socket.onopen = () => socket.send("hello");
                socket.onmessage = (message) => {{ console.log(message.data); socket.close(); }}'
              (Node 20: `npm install ws` first, and begin with: const WebSocket = require("ws");)
  Python      SSL_CERT_FILE={0} python3 -m websockets wss://{1}/
              (`pip install websockets` or the package python3-websockets; type a message)
  browser     import {0}
              Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import
              Chrome:  chrome://settings/certificates, Authorities (or Local certificates), Import
              then in the console: new WebSocket("wss://{1}/")
              (a later version of wssgate will do the import)

Ctrl-C stops it. Each request and each WebSocket that ends is one line below.
)",
                      quoted(ca), authority);
  return text;
}

}  // namespace

int dev(const DevOptions& options) {
  Report report;
  const Request request = read_names(options.names, report);
  check_upstream(options.upstream, report);
  if (!report.ok()) return refuse(report, "nothing is served");

  const auto certificate = pki::ensure_dev_certificate(options.folder, request.certificate_names(),
                                                       std::chrono::system_clock::now());
  if (!certificate) {
    report.add(at_option("--folder"), certificate.error().context,
               "--folder keeps the local CA elsewhere");
    return refuse(report, "nothing is served");
  }

  std::optional<EchoBackend> echo;
  if (options.upstream.empty()) echo.emplace();
  const std::string backend = echo ? echo->address().text() : options.upstream;
  auto config = make_config(options, request, *certificate, backend);
  const control::LoadConfig same = [config](Report&) { return config; };
  return serve(config, std::move(report), same, [&](const std::vector<SocketAddress>& listening) {
    const std::string leads_to =
        echo ? "a built-in echo: messages and bodies come back, other requests are described"
             : backend;
    std::fputs(greeting(request, *certificate, leads_to, listening.front().port()).c_str(), stdout);
    std::fflush(stdout);
  });
}

}  // namespace wssgate::cli
