#include "doctor/remedies.h"

#include <fmt/format.h>

#include <string_view>

#include "base/text.h"

namespace wssgate::doctor {
namespace {

/// What the lines have places for.
struct Words {
  std::string name;
  std::string port;
  std::string path;
};

/// $NAME, $PORT and $PATH replaced: braces are part of the lines.
std::string filled(std::string_view line, const Words& words) {
  std::string out(line);
  const auto replace = [&out](std::string_view what, const std::string& by) {
    for (auto at = out.find(what); at != std::string::npos; at = out.find(what, at + by.size())) {
      out.replace(at, what.size(), by);
    }
  };
  replace("$PORT", words.port);
  replace("$PATH", words.path);
  replace("$NAME", words.name);
  return out;
}

Remedy listen() {
  return {.nginx = "listen $PORT ssl;",
          .haproxy = "bind :$PORT ssl crt /etc/haproxy/certs/",
          .caddy = "https://$NAME:$PORT {",
          .wssgate = "listeners: [{address: \"0.0.0.0:$PORT\"}, {address: \"[::]:$PORT\"}]"};
}

Remedy serve_name() {
  return {.nginx =
              "server { listen $PORT ssl; server_name $NAME; ssl_certificate "
              "/etc/ssl/$NAME/fullchain.pem; ssl_certificate_key /etc/ssl/$NAME/privkey.pem; "
              "...",
          .haproxy = "bind :$PORT ssl strict-sni crt /etc/haproxy/certs/   # with $NAME.pem in it",
          .caddy = "$NAME { reverse_proxy 127.0.0.1:3000 }",
          .wssgate =
              "hosts: [{names: [$NAME], routes: [{path: /, upstream: ...}]}]   # and "
              "certs/$NAME/fullchain.pem, privkey.pem"};
}

Remedy full_chain() {
  return {.nginx = "ssl_certificate /etc/ssl/$NAME/fullchain.pem;   # not cert.pem",
          .haproxy =
              "bind :$PORT ssl crt /etc/haproxy/certs/$NAME.pem   # certificate, "
              "intermediates, key, in this order",
          .caddy = "tls /etc/ssl/$NAME/fullchain.pem /etc/ssl/$NAME/privkey.pem",
          .wssgate =
              "certificates: {folders: [certs/]}   # certs/$NAME/fullchain.pem; 'wssgate "
              "check' proves it"};
}

Remedy renew() {
  return {.nginx =
              "ssl_certificate /etc/letsencrypt/live/$NAME/fullchain.pem;   # certbot renew "
              "--deploy-hook 'nginx -s reload'",
          .haproxy =
              "bind :$PORT ssl crt /etc/haproxy/certs/$NAME.pem   # renew, then systemctl "
              "reload haproxy",
          .caddy = "$NAME { ... }   # without a 'tls' line Caddy gets and renews it itself",
          .wssgate =
              "certificates: {folders: [certs/]}   # renewed files are taken up by themselves; "
              "'wssgate status' tells"};
}

Remedy versions() {
  return {.nginx = "ssl_protocols TLSv1.2 TLSv1.3;",
          .haproxy = "ssl-default-bind-options ssl-min-ver TLSv1.2",
          .caddy = "tls { protocols tls1.2 tls1.3 }",
          .wssgate = "tls: {preset: intermediate}"};
}

Remedy client_certificates() {
  return {.nginx = "ssl_verify_client optional;",
          .haproxy = "bind :$PORT ssl crt ... ca-file ... verify optional",
          .caddy = "tls { client_auth { mode request } }",
          .wssgate = "client_certificates: {ca: certs/clients-ca.pem, mode: optional}"};
}

Remedy forwarding() {
  return {.nginx =
              "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
              "proxy_set_header Connection \"upgrade\";",
          .haproxy =
              "mode http   # passes upgrades on by itself; no 'http-request del-header "
              "upgrade'",
          .caddy = "reverse_proxy $PATH* 127.0.0.1:3000   # passes upgrades on by itself",
          .wssgate = "routes: [{path: $PATH, upstream: chat, websocket: required}]"};
}

Remedy route() {
  return {.nginx =
              "location $PATH { proxy_pass http://127.0.0.1:3000; proxy_http_version 1.1; "
              "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "
              "\"upgrade\"; }",
          .haproxy = "use_backend chat if { path_beg $PATH }",
          .caddy = "reverse_proxy $PATH* 127.0.0.1:3000",
          .wssgate = "routes: [{path: $PATH, upstream: chat}]"};
}

Remedy backend() {
  return {.nginx = "proxy_pass http://127.0.0.1:3000;   # where the backend listens",
          .haproxy = "server chat 127.0.0.1:3000 check",
          .caddy = "reverse_proxy 127.0.0.1:3000",
          .wssgate = "upstreams: {chat: {endpoints: [\"127.0.0.1:3000\"]}}"};
}

Remedy no_default() {
  return {.nginx = "server { listen $PORT ssl default_server; ssl_reject_handshake on; }",
          .haproxy = "bind :$PORT ssl crt /etc/haproxy/certs/ strict-sni",
          .caddy = "remove default_sni and fallback_sni from the global options",
          .wssgate = "nothing: it has no default certificate"};
}

Remedy stapling() {
  return {.nginx = "ssl_stapling on; ssl_stapling_verify on; resolver 127.0.0.53;",
          .haproxy = "ocsp-update on   # in the crt-list, HAProxy 2.8",
          .caddy = "remove 'ocsp_stapling off' from the global options",
          .wssgate = "ocsp: required"};
}

Remedy hsts() {
  return {.nginx = "add_header Strict-Transport-Security \"max-age=15552000\" always;",
          .haproxy = "http-response set-header Strict-Transport-Security \"max-age=15552000\"",
          .caddy = "header Strict-Transport-Security \"max-age=15552000\"",
          .wssgate = "hsts: {max_age: 180d}"};
}

Remedy long_tunnels() {
  return {
      .nginx = "proxy_read_timeout 1h; proxy_send_timeout 1h;",
      .haproxy = "timeout tunnel 1h",
      .caddy = "reverse_proxy 127.0.0.1:3000   # without a body limit or buffer in front",
      .wssgate = "upstreams: {chat: {endpoints: [...], health: {check: websocket, path: $PATH}}}"};
}

Remedy subprotocols() {
  return {.nginx = "remove proxy_set_header and proxy_hide_header of Sec-WebSocket-Protocol",
          .haproxy = "remove http-request and http-response rules on sec-websocket-protocol",
          .caddy = "remove header_up and header_down of Sec-WebSocket-Protocol",
          .wssgate = "nothing: it passes Sec-WebSocket-Protocol on as it is"};
}

Remedy origins() {
  return {.nginx = "valid_referers, 'if ($http_origin ...)' and 'deny' of this location",
          .haproxy = "http-request deny rules on req.hdr(origin)",
          .caddy = "matchers on 'header Origin'",
          .wssgate =
              "routes: [{path: $PATH, upstream: chat, allowed_origins: [same-host, "
              "\"https://$NAME\"]}]"};
}

Remedy alpn() {
  return {.nginx = "listen $PORT ssl http2;   # offers http/1.1 besides",
          .haproxy = "bind :$PORT ssl crt ... alpn h2,http/1.1",
          .caddy = "servers { protocols h1 h2 }",
          .wssgate = "nothing: it offers http/1.1"};
}

Remedy redirected() {
  return {.nginx =
              "location $PATH { proxy_pass http://127.0.0.1:3000; }   # in the server block "
              "that has no 'return 301'",
          .haproxy = "http-request redirect ... unless { path_beg $PATH }",
          .caddy = "handle $PATH* { reverse_proxy 127.0.0.1:3000 }   # before 'redir'",
          .wssgate = "routes: [{path: $PATH, upstream: chat}]"};
}

Remedy whole_hello() {
  return {.nginx = "nothing: it reads all segments; look at what stands before it",
          .haproxy =
              "tcp-request inspect-delay 5s; tcp-request content accept if { "
              "req_ssl_hello_type 1 }",
          .caddy = "update it, and the layer4 app above all",
          .wssgate = "nothing: it puts a ClientHello together from segments and records"};
}

Remedy open_port() {
  const std::string line = "nothing: nothing gets to it; open port $PORT in the firewall before it";
  return {.nginx = line, .haproxy = line, .caddy = line, .wssgate = line};
}

Remedy encrypt() {
  return {.nginx = "listen 443 ssl;   # and 'return 301 https://$host$request_uri;' for port $PORT",
          .haproxy = "http-request redirect scheme https unless { ssl_fc }",
          .caddy = "$NAME {   # not http://$NAME",
          .wssgate =
              "listeners: [{address: \"0.0.0.0:443\"}, {address: \"0.0.0.0:80\", "
              "redirect_to_https: true}]"};
}

Remedy credentials() {
  return {.nginx = "location $PATH { auth_basic off; auth_request off; ...   # if the backend asks",
          .haproxy = "http-request auth ... unless { path_beg $PATH }   # if the backend asks",
          .caddy = "basic_auth with a matcher that leaves $PATH* out   # if the backend asks",
          .wssgate = "nothing: it passes Authorization on, and the backend asks"};
}

Remedy same_name() {
  return {.nginx = "server_name $NAME;   # in the block whose certificate is served",
          .haproxy = "remove 'http-request deny deny_status 421' for $NAME",
          .caddy = "servers { strict_sni_host insecure_off }",
          .wssgate = "hosts: [{names: [$NAME], ...}]"};
}

Remedy limits() {
  return {.nginx = "limit_req zone=... burst=50;   # and limit_conn, of location $PATH",
          .haproxy = "http-request deny deny_status 429 if { sc_http_req_rate(0) gt 100 }",
          .caddy = "rate_limit   # of whichever plugin has it",
          .wssgate = "limits: {requests_per_address: none}"};
}

Remedy newer() {
  return {.nginx = "nothing: update it and its OpenSSL; 'nginx -V' tells which they are",
          .haproxy = "nothing: update it and its OpenSSL; 'haproxy -vv' tells which they are",
          .caddy = "nothing: update it; 'caddy version' tells which it is",
          .wssgate = "nothing: it reads every ClientHello that RFC 8446 allows"};
}

Remedy without_name() {
  return {.nginx = "listen $PORT ssl default_server;   # with a certificate for $NAME",
          .haproxy = "bind :$PORT ssl crt /etc/haproxy/certs/   # without strict-sni",
          .caddy = "default_sni in the global options",
          .wssgate = "nothing: it wants a name; give one with --sni"};
}

/// By that which most likely explains the others: see Difference::what.
Remedy of_difference(const std::string& what) {
  if (what == "connection") return listen();
  if (what == "chain") return full_chain();
  if (what == "TLS version") return versions();
  if (what == "staple") return stapling();
  if (what.starts_with("served to")) return no_default();
  if (what == "answer") return backend();
  if (what == "HSTS") return hsts();
  return renew();
}

Remedy of_cause(const Finding& finding) {
  const std::string& cause = finding.cause;
  if (cause == "name") return serve_name();
  if (cause == "versions") return versions();
  if (cause == "client_certificate") return client_certificates();
  if (cause == "alpn") return alpn();
  if (cause == "forwarding") return forwarding();
  if (cause == "path") return route();
  if (cause == "upstream") return backend();
  if (cause == "redirect") return redirected();
  if (cause == "origin") return origins();
  if (cause == "auth") return credentials();
  if (cause == "host") return same_name();
  if (cause == "limit") return limits();
  if (cause == "library") return newer();
  if (cause == "no_name") return without_name();
  return {};
}

Remedy template_for(const Finding& finding) {
  switch (finding.id) {
    case FindingId::connect_refused:
    case FindingId::plain_http:
    case FindingId::not_tls:
    case FindingId::handshake_timeout:
    case FindingId::handshake_closed:
    case FindingId::handshake_reset:
      return listen();
    case FindingId::split_hello_fails:
      return whole_hello();
    case FindingId::tls_outdated:
      return versions();
    case FindingId::name_not_covered:
      return serve_name();
    case FindingId::expired:
    case FindingId::not_yet_valid:
    case FindingId::expires_soon:
    case FindingId::revoked:
    case FindingId::weak:
    case FindingId::wrong_usage:
    case FindingId::self_signed:
    case FindingId::untrusted:
    case FindingId::validity_too_long:
      return renew();
    case FindingId::addresses_differ:
      return of_difference(finding.cause);
    case FindingId::connect_timeout:
      return open_port();
    case FindingId::plaintext_url:
      return encrypt();
    case FindingId::chain_incomplete:
    case FindingId::chain_invalid:
    case FindingId::chain_order:
    case FindingId::chain_superfluous:
      return full_chain();
    case FindingId::must_staple_missing:
    case FindingId::staple_bad:
    case FindingId::staple_absent:
      return stapling();
    case FindingId::websocket_dead:
      return long_tunnels();
    case FindingId::wrong_subprotocol:
      return subprotocols();
    case FindingId::default_certificate:
      return no_default();
    case FindingId::hsts_absent:
      return hsts();
    default:
      return of_cause(finding);
  }
}

}  // namespace

Remedy remedy_for(const Finding& finding, const Target& target) {
  const Remedy lines = template_for(finding);
  const bool is_v6 = target.wanted_name.find(':') != std::string::npos;
  const Words words{.name = is_v6 ? fmt::format("[{}]", target.wanted_name) : target.wanted_name,
                    .port = fmt::format("{}", target.port),
                    .path = target.shown_path()};
  return {.nginx = filled(lines.nginx, words),
          .haproxy = filled(lines.haproxy, words),
          .caddy = filled(lines.caddy, words),
          .wssgate = filled(lines.wssgate, words)};
}

}  // namespace wssgate::doctor
