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
#include "base/log.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/dev_request.h"
#include "cli/echo_backend.h"
#include "cli/serve.h"
#include "config/forms.h"
#include "control/reloader.h"
#include "net/listener.h"
#include "pki/dev_ca.h"
#include "trust/as_caller.h"
#include "trust/places.h"

namespace wssgate::cli {
namespace {

// Nobody depends on what runs here.
constexpr Duration kDrain{1'000};
constexpr std::uint64_t kConnections = 1'000;
constexpr int kPortAttempts = 16;

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

config::Config make_config(const DevOptions& options, const DevRequest& request,
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
  // For good once the ports are open: what is renewed in the caller's folder is to be the caller's.
  const auto caller = trust::Places::of_this_process().caller;
  if (caller) config.user = {caller->name, {"SUDO_USER", 0, 0}};
  return config;
}

/// Names that resolve to this machine only if somebody arranges for it (RFC 6761 §6.3).
std::vector<std::string> names_to_resolve(const DevRequest& request) {
  std::vector<std::string> names;
  for (const HostPattern& host : request.hosts) {
    const std::string dotted = "." + host.suffix();
    if (dotted.ends_with(".localhost")) continue;
    names.push_back(host.is_wildcard() ? "any." + host.suffix() : host.text());
  }
  return names;
}

/// Loud, since everything that was done by hand for the one before is to be done again.
std::string replacement(const pki::DevCa& ca, const std::string& install) {
  if (ca.replaced_because.empty()) return {};
  return fmt::format(
      "!! THE LOCAL CA HAS BEEN REPLACED: {}.\n"
      "!! Whatever trusted the one before has to trust the new one. Run, for this machine's "
      "stores\n"
      "!! (it tells you what needs root):\n"
      "!!   {}\n\n",
      ca.replaced_because, install);
}

/// From wherever it is typed.
std::string install_command(const DevOptions& options) {
  return own_command() + " dev --install --folder " + quoted(absolute(options.folder));
}

std::string greeting(const DevOptions& options, const DevRequest& request, const pki::DevCa& local,
                     const std::string& leads_to, std::uint16_t port) {
  const std::string authority = fmt::format("{}:{}", request.name(), port);
  const std::string ca = absolute(local.root.file);
  const std::string install = install_command(options);
  std::string text = replacement(local, install);
  text +=
      fmt::format("wssgate " WSSGATE_VERSION
                  " serves wss://{}/ on this machine\n\n"
                  "  goes to     {}\n"
                  "  local CA    {}{}\n",
                  authority, leads_to, ca, local.is_new ? "\n              (made just now)" : "");
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
  browser     {2}
              once: Chromium, Firefox, curl, Java and what else goes by this machine's stores then
              trust the local CA (it tells you what needs root, and '--uninstall' undoes it);
              elsewhere, import {0}
              then in the console: new WebSocket("wss://{1}/")

Ctrl-C stops it. Each request and each WebSocket that ends is one line below.
)",
                      quoted(ca), authority, install);
  return text;
}

/// At the start. `sudo wssgate dev --port 443` leaves nothing in the folder that its owner could
/// not serve with the next day; later ones are renewed as the caller, too, whom `serve` becomes.
Result<pki::DevCertificate> certificate_for(const std::string& folder,
                                            const std::vector<std::string>& names) {
  const trust::AsCaller caller(trust::Places::of_this_process());
  return pki::ensure_dev_certificate(folder, names, std::chrono::system_clock::now());
}

/// Reads nothing, for the command line does not change. But every reload comes by here, twice a day
/// at the least, so that this is where a certificate in the last third of its life is renewed:
/// before the reload reads its files. Another process may have replaced the CA in the meantime.
control::LoadConfig renew_and_keep(const config::Config& config, const std::string& folder,
                                   const std::vector<std::string>& names,
                                   const std::string& fingerprint) {
  return [config, folder, names, known = fingerprint](Report& report) mutable {
    const auto certificate =
        pki::ensure_dev_certificate(folder, names, std::chrono::system_clock::now());
    if (!certificate) {
      report.add(at_option("--folder"), certificate.error().context,
                 "mend that before the certificate ends: it could not be renewed");
    } else if (const pki::DevCa& ca = certificate->ca; ca.root.fingerprint != known) {
      known = ca.root.fingerprint;
      // By the report, not by a line of this thread's own: the log may end before this thread does.
      report.warn(
          {.file = ca.root.file},
          fmt::format("the local CA has been made anew: {}",
                      ca.is_new ? ca.replaced_because : "another wssgate dev has replaced it"),
          "whatever trusted the one before has to trust this one (wssgate dev --install)");
    }
    return config;
  };
}

}  // namespace

int dev(const DevOptions& options) {
  if (options.install || options.uninstall) return dev_trust(options);
  Report report;
  DevRequest request = DevRequest::read(options.names, report);
  if (request.hosts.empty()) request.hosts.push_back(*HostPattern::parse("localhost"));
  check_upstream(options.upstream, report);
  if (!report.ok()) return refuse(report, "nothing is served");

  const auto certificate = certificate_for(options.folder, request.certificate_names());
  if (!certificate) {
    report.add(at_option("--folder"), certificate.error().context, folder_remedy(options.folder));
    return refuse(report, "nothing is served");
  }

  std::optional<EchoBackend> echo;
  if (options.upstream.empty()) echo.emplace();
  const std::string backend = echo ? echo->address().text() : options.upstream;
  auto config = make_config(options, request, *certificate, backend);
  const auto load = renew_and_keep(config, options.folder, request.certificate_names(),
                                   certificate->ca.root.fingerprint);
  return serve(config, std::move(report), load, [&](const std::vector<SocketAddress>& listening) {
    const std::string leads_to =
        echo ? "a built-in echo: messages and bodies come back, other requests are described"
             : backend;
    const std::uint16_t port = listening.front().port();
    std::fputs(greeting(options, request, certificate->ca, leads_to, port).c_str(), stdout);
    std::fflush(stdout);
  });
}

}  // namespace wssgate::cli
