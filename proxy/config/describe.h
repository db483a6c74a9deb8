#pragma once

#include "config/describe_upstream.h"
#include "config/forms.h"
#include "config/key.h"
#include "config/model.h"

/// The one table of what can stand in a configuration: for each struct of the model its keys, where
/// each goes, in which form, an example and what it is for. Whoever needs to know the keys visits
/// it. The default of a key is what the struct holds to begin with.
///
/// A visitor has these members, `key` being a Key:
///   value(key, T&, form)                 one value; T is X or Located<X> for a form that makes X
///   values(key, std::vector<T>&, form)   a list of values
///   section(key, T&)                     a mapping; T is a struct here, or std::optional of one
///   switched(key, std::optional<T>&)     a mapping, or "on" for an empty one, "off" for none
///   sections(key, std::vector<T>&)       a list of mappings
///   value_or_section(key, T&, form)      a value that the form makes for T::of, or a mapping
///   values_or_sections(key, std::vector<T>&, form)   a list of these
///   named(key, std::vector<T>&, form)    a mapping from chosen names (T::name) to mappings
namespace wssgate::config {

template <class V>
void describe(V& v, TlsSection& t) {
  v.value({"preset", "modern",
           "Mozilla's intermediate (TLS 1.2 and 1.3) or modern (TLS 1.3 alone). Resets what a "
           "listener's section says where it stands in a host's."},
          t.preset,
          ChoiceForm<std::optional<TlsPreset>>{
              {{"modern", TlsPreset::modern}, {"intermediate", TlsPreset::intermediate}}});
  v.value({"min_version", "\"1.3\"", "The oldest TLS version to speak: 1.2 or 1.3."}, t.min_version,
          ChoiceForm<std::optional<TlsVersion>>{
              {{"1.2", TlsVersion::tls12}, {"1.3", TlsVersion::tls13}}});
  v.values({"ciphers", "[TLS_AES_128_GCM_SHA256, ECDHE-ECDSA-AES128-GCM-SHA256]",
            "The cipher suites, by OpenSSL's names: those of TLS 1.3 (TLS_...) and of 1.2. Only "
            "suites with forward secrecy and AEAD.",
            Presence::not_empty},
           t.ciphers, TlsNameForm{});
  v.values({"groups", "[X25519, prime256v1]",
            "The key exchange groups. The presets begin with X25519MLKEM768 where OpenSSL has it.",
            Presence::not_empty},
           t.groups, TlsNameForm{});
}

template <class V>
void describe(V& v, ProxyProtocol& p) {
  v.values(required("from", "[10.0.0.0/8]",
                    "The networks, or single addresses, of the load balancers that send it."),
           p.from, NetworkForm{});
}

template <class V>
void describe(V& v, Listener& l) {
  v.value(
      required("address", "0.0.0.0:443",
               "The IP address and port to accept TLS connections on. Port 0 takes a free one."),
      l.address, ListenAddressForm{});
  v.value({"redirect_to_https", "true",
           "Plain HTTP, and every request for a host below is redirected to https (308, same "
           "path): true for port 443, or the port that clients reach the TLS listener at."},
          l.redirect_to_https, RedirectForm{});
  v.section(
      {"proxy_protocol", "{from: [10.0.0.0/8]}",
       "Load balancers in front that begin each connection with a PROXY header (v1 or v2): it "
       "is required from them and refused from everyone else."},
      l.proxy_protocol);
  v.section({"tls", "{preset: modern}",
             "What handshakes on this listener may agree on, where a host does not say otherwise."},
            l.tls);
}

template <class V>
void describe(V& v, Certificates& c) {
  v.values({"folders", "[certs/]",
            "Folders whose subfolders each hold a certificate: fullchain.pem and privkey.pem. The "
            "names in a certificate decide which hosts it serves."},
           c.folders, PathForm{});
  v.values({"roots", "[private-root.pem]",
            "PEM files of roots to trust besides the system's, for certificates of a private CA."},
           c.roots, PathForm{});
  v.value({"intermediates", "intermediates/",
           "A folder of PEM files (*.pem, *.crt) with intermediate certificates. A chain file that "
           "lacks one of them is completed with it, and a warning says so."},
          c.intermediates, PathForm{});
}

template <class V>
void describe(V& v, Tickets& t) {
  v.value({"keys", "ticket-keys.txt",
           "A file of secrets that several nodes share, so that each resumes the others' sessions: "
           "one base64 text of 32 bytes or more a line. The first line seals new tickets, all open "
           "old ones. Left out, each process makes secrets of its own and changes them every 12 "
           "hours."},
          t.keys, PathForm{});
}

template <class V>
void describe(V& v, CertificateFiles& c) {
  v.value(required("chain", "chat/fullchain.pem",
                   "The certificate and its intermediates, in PEM, the certificate first."),
          c.chain, PathForm{});
  v.value(required("key", "chat/privkey.pem", "The certificate's private key, in PEM."), c.key,
          PathForm{});
  v.value({"staple", "chat/ocsp.der",
           "An OCSP response for the certificate, in DER, where something else fetches it."},
          c.staple, PathForm{});
}

/// The keys of both structs; the forms are those of their members.
template <class V, class T, class DurationF, class OffF, class SizeF>
void describe_tunnel(V& v, T& t, const DurationF& duration, const OffF& or_off, const SizeF& size) {
  v.value({"ping_interval", "30s",
           "A side that has sent nothing for so long gets a ping, whose pong goes no further; or "
           "off."},
          t.ping_interval, or_off);
  v.value({"ping_timeout", "20s",
           "For anything to come after such a ping; then the tunnel is ended as half-open."},
          t.ping_timeout, duration);
  v.value({"idle_timeout", "1h",
           "Without a byte of the client or the upstream, before the tunnel is closed (1001); or "
           "off."},
          t.idle_timeout, or_off);
  v.value({"max_age", "24h", "After so long a tunnel is closed (1012), busy or not; or off."},
          t.max_age, or_off);
  v.value({"max_message", "1MiB",
           "A message with more payload than that, as it is on the wire, closes the tunnel (1009); "
           "or off."},
          t.max_message, size);
}

inline constexpr SizeOrOffForm kMessageSizeForm{{1024, std::uint64_t{1} << 40U}};

template <class V>
void describe(V& v, WebSocketTerms& t) {
  describe_tunnel(v, t, DurationForm{}, DurationOrOffForm{}, kMessageSizeForm);
}

template <class V>
void describe(V& v, WebSocketOverrides& t) {
  describe_tunnel(v, t, OptionalForm<DurationForm, Duration>{},
                  OptionalForm<DurationOrOffForm, Duration>{},
                  OptionalForm<SizeOrOffForm, std::uint64_t>{kMessageSizeForm});
}

template <class V>
void describe(V& v, Route& r) {
  v.value({"path", "/ws/",
           "The path that the route covers, with everything below it. The longest one that covers "
           "a request decides."},
          r.path, RoutePathForm{});
  v.value(required("upstream", "chat", "Where its requests go: a name under upstreams."),
          r.upstream, UpstreamNameForm{});
  v.value({"websocket", "required",
           "Whether WebSocket upgrades are allowed, required (other requests get 426) or refused "
           "(upgrades get 403)."},
          r.websocket,
          ChoiceForm<WebSocketRule>{{{"allowed", WebSocketRule::allowed},
                                     {"required", WebSocketRule::required},
                                     {"refused", WebSocketRule::refused}}});
  v.values({"allowed_origins", "[same-host, \"https://app.example.com\"]",
            "The websites whose pages may open WebSockets here. Left out, every website may. "
            "Clients that send no Origin are no browsers, and pass.",
            Presence::not_empty},
           r.allowed_origins, OriginForm{});
  v.section({"tunnel", "{ping_interval: off}",
             "As the section websocket, for this route's WebSockets alone."},
            r.tunnel);
}

template <class V>
void describe(V& v, Hsts& h) {
  v.value(required("max_age", "180d",
                   "For how long browsers are to come back with https only; up to 730d. 0s makes "
                   "them forget it."),
          h.max_age, HstsAgeForm{});
  v.value({"include_subdomains", "true", "The rule holds for all names below the host's as well."},
          h.include_subdomains, BoolForm{});
  v.value({"preload", "true",
           "The host may be built into browsers (hstspreload.org): hard to take back."},
          h.preload, BoolForm{});
}

template <class V>
void describe(V& v, ClientCertificates& c) {
  v.value(required("ca", "clients-ca.pem",
                   "A PEM file of the CAs that issue your clients' certificates. No other CA "
                   "counts, the system's neither."),
          c.ca, PathForm{});
  v.value({"mode", "required",
           "Whether a client without a certificate is refused (required) or passes (optional). A "
           "bad one is refused in either case."},
          c.mode,
          ChoiceForm<ClientCertificateRule>{{{"required", ClientCertificateRule::required},
                                             {"optional", ClientCertificateRule::optional}}});
}

template <class V>
void describe(V& v, Host& h) {
  v.values(required("names", "[chat.example.com]",
                    "The server names that the host answers to. A wildcard such as *.example.com "
                    "stands for exactly one label."),
           h.names, HostPatternForm{});
  v.value({"passthrough", "legacy",
           "The upstream that the TLS of these names goes to as it comes: no certificate here, no "
           "routes, nothing is decrypted."},
          h.passthrough, UpstreamNameForm{});
  v.sections({"routes", "[{path: /, upstream: web}]",
              "Where requests go, by their path. Without a route for it, a request gets 404.",
              h.passthrough.value.empty() ? Presence::required : Presence::optional},
             h.routes);
  v.section({"certificate", "{chain: chat/fullchain.pem, key: chat/privkey.pem}",
             "A certificate for this host alone, where the names in the certificates are not to "
             "decide. It must cover the host's names all the same."},
            h.certificate);
  v.section({"hsts", "{max_age: 180d}",
             "Strict-Transport-Security in every response of this host: browsers come back with "
             "https only, and let nobody click through a certificate warning."},
            h.hsts);
  v.value({"ocsp", "required",
           "Whether handshakes carry an OCSP staple: auto (where the CA has a responder), required "
           "(no handshake without a good one) or off."},
          h.ocsp,
          ChoiceForm<OcspMode>{{{"auto", OcspMode::automatic},
                                {"required", OcspMode::required},
                                {"off", OcspMode::off}}});
  v.section({"client_certificates", "{ca: clients-ca.pem}",
             "Clients of this host show a certificate of these CAs. Upstreams get it as "
             "Client-Cert and Client-Cert-Chain."},
            h.client_certificates);
  v.section({"tls", "{preset: modern}",
             "What handshakes with this host may agree on, over what the listener says."},
            h.tls);
}

template <class V>
void describe(V& v, Stapling& s) {
  v.value({"cache", "/var/cache/wssgate/ocsp",
           "The folder that keeps OCSP responses across restarts, or off."},
          s.cache, CacheFolderForm{});
  v.value({"http_proxy", "http://proxy.internal:3128",
           "The HTTP proxy to ask OCSP responders through, or none."},
          s.http_proxy, HttpProxyForm{});
  v.value({"timeout", "10s", "For one answer of a responder, from its name to the last byte."},
          s.timeout, DurationForm{});
}

template <class V>
void describe(V& v, Resolver& r) {
  v.value({"interval", "30s", "How often the names of endpoints are looked up again."}, r.interval,
          DurationForm{});
}

template <class V>
void describe(V& v, Timeouts& t) {
  const DurationForm form;
  v.value({"client_hello", "5s", "From the connection to its complete ClientHello."},
          t.client_hello, form);
  v.value({"handshake", "10s", "From the ClientHello to the end of the TLS handshake."},
          t.handshake, form);
  v.value({"request_head", "10s", "From the first byte of a request to the end of its head."},
          t.request_head, form);
  v.value({"connect", "3s", "For connecting to an endpoint, its TLS handshake included."},
          t.connect, form);
  v.value({"upgrade", "10s", "From a WebSocket upgrade request to the upstream's answer."},
          t.upgrade, form);
  v.value({"idle_http", "60s",
           "Without a byte either way, in a request, its answer or between requests. An open "
           "WebSocket is not touched by it."},
          t.idle_http, form);
  v.value({"drain_delay", "10s",
           "For load balancers to see that /readyz says 503, before a wssgate that is told to stop "
           "takes no new connections; or off."},
          t.drain_delay, DurationOrOffForm{});
  v.value({"drain", "30s",
           "For open requests to finish, and WebSockets to be closed one after the other, once "
           "wssgate is told to stop, is replaced, or drains a host or an endpoint."},
          t.drain, form);
}

template <class V>
void describe(V& v, Limits& l) {
  constexpr std::uint64_t kib = 1024;
  v.value({"connections", "100000", "Open client connections, all workers together."},
          l.connections, CountForm{1, 10'000'000});
  v.value({"connections_per_address", "200",
           "Open connections of one client address (an IPv6 /64), or none. Clients in "
           "trusted_proxies are exempt from what stands here per address."},
          l.connections_per_address, OrNone<CountForm>{{1, 10'000'000}});
  v.value({"handshakes", "5000",
           "TLS handshakes in flight, all workers together, or none. Beyond three quarters of it "
           "only clients that resume a session are let in."},
          l.handshakes, OrNone<CountForm>{{4, 10'000'000}});
  v.value({"handshakes_per_address", "50/10s",
           "How fast one client address may connect, or none: so many at once, then as many in "
           "each period, evenly."},
          l.handshakes_per_address, RateForm{});
  v.value({"requests_per_address", "500/10s",
           "How fast one client address may send requests, or none; more get 429."},
          l.requests_per_address, RateForm{});
  v.value({"request_head", "32KiB", "A request's line and header fields; more gets 431."},
          l.request_head, SizeForm{kib, kib * kib});
  v.value({"header_fields", "128", "Header fields of a request; more gets 431."}, l.header_fields,
          CountForm{8, 256});
  v.value({"request_body", "1GiB", "A request's body, or none; more gets 413."}, l.request_body,
          OrNone<SizeForm>{{1, std::uint64_t{1} << 60}});
  v.value({"client_hello", "64KiB", "A ClientHello, whole."}, l.client_hello,
          SizeForm{512, 64 * kib});
}

template <class V>
void describe(V& v, log::Settings& l) {
  v.value({"level", "info", "The least important lines to write: debug, info, warn, error or off."},
          l.level,
          ChoiceForm<log::Level>{{{"debug", log::Level::debug},
                                  {"info", log::Level::info},
                                  {"warn", log::Level::warn},
                                  {"error", log::Level::error},
                                  {"off", log::Level::off}}});
  v.value({"format", "json", "json for machines, text for a terminal."}, l.format,
          ChoiceForm<log::Format>{{{"json", log::Format::json}, {"text", log::Format::text}}});
  v.value({"output", "stderr",
           "Where the operational log goes: stdout, stderr, syslog, journald, off, or a file to "
           "append to, which is opened anew once it was renamed and at SIGUSR1."},
          l.output, LogOutputForm{});
  v.value({"access", "stdout",
           "Where the line for each request and each ended tunnel goes; what can stand there is as "
           "for output."},
          l.access, LogOutputForm{});
}

template <class V>
void describe(V& v, Admin& a) {
  v.value({"address", "unix:/run/wssgate/admin.sock",
           "Where 'wssgate status', 'reload', 'drain' and 'upgrade' reach this process: a unix "
           "socket that only "
           "its own user may use, or off."},
          a.address, AdminAddressForm{});
  v.value(
      {"http", "127.0.0.1:9114",
       "A port that answers the same over TCP: /metrics for Prometheus, /healthz and /readyz for "
       "whoever watches. Left out, there is none."},
      a.http, ListenAddressForm{});
  v.value({"token", "admin-token.txt",
           "A file with the token that the port demands for whatever changes something, and on an "
           "address that is not loopback for everything but /healthz and /readyz."},
          a.token, PathForm{});
}

template <class V>
void describe(V& v, Config& c) {
  v.sections(required("listeners", "[{address: 0.0.0.0:443}]", "Where clients connect."),
             c.listeners);
  v.value({"workers", "auto", "Threads that serve: auto for one a core, or a number."}, c.workers,
          WorkersForm{});
  v.value({"user", "wssgate",
           "The user to become once the listeners are open, where wssgate starts as root for the "
           "sake of low ports. It has to be able to read the configuration and the certificates. "
           "none: it stays who it is."},
          c.user, UserForm{});
  v.section({"admin", "{address: unix:/run/wssgate/admin.sock}",
             "How the running process is asked and told things."},
            c.admin);
  v.section({"certificates", "{folders: [certs/]}", "Where certificates are found."},
            c.certificates);
  v.section({"tickets", "{keys: ticket-keys.txt}",
             "How clients that come back resume their TLS sessions."},
            c.tickets);
  v.sections(required("hosts", "[{names: [chat.example.com], routes: [{path: /, upstream: web}]}]",
                      "The names we answer to, and where their requests go. There is no default: a "
                      "client that asks for another name gets a TLS alert and no certificate."),
             c.hosts);
  v.section({"stapling", "{timeout: 10s}", "How OCSP responses are fetched and kept."}, c.stapling);
  v.named(required("upstreams", "{web: {endpoints: [127.0.0.1:3000]}}",
                   "The backends, by a name of your choice."),
          c.upstreams, UpstreamNameForm{});
  v.section({"resolver", "{interval: 30s}", "How the names of endpoints are followed."},
            c.resolver);
  v.values({"trusted_proxies", "[10.0.0.0/8]",
            "Networks of proxies in front of this one, whose Forwarded and X-Forwarded-* fields "
            "are believed and extended. Everyone else's are replaced."},
           c.trusted_proxies, NetworkForm{});
  v.value({"request_id", "take_over",
           "Whose X-Request-ID a request has, at the upstream, in the answer and in the access "
           "line. take_over: the client's if it is a plain one of at most 128 characters, else a "
           "new one. trusted: the same for trusted_proxies alone. make: always a new one. off: "
           "none, and the client's passes as any field does."},
          c.request_id,
          ChoiceForm<RequestIdRule>{{{"take_over", RequestIdRule::take_over},
                                     {"trusted", RequestIdRule::trusted},
                                     {"make", RequestIdRule::make},
                                     {"off", RequestIdRule::off}}});
  v.section({"timeouts", "{connect: 3s}",
             "How long to wait, in ms, s, m, h or d. Whoever is late is closed or answered."},
            c.timeouts);
  v.section({"limits", "{connections: 100000}", "How much to accept, in B, KiB, MiB or GiB."},
            c.limits);
  v.section({"websocket", "{ping_interval: 30s}", "How open WebSockets are kept."}, c.websocket);
  v.section({"log", "{level: info}", "What is written where."}, c.log);
}

}  // namespace wssgate::config
