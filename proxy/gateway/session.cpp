#include "gateway/session.h"

#include <openssl/ssl.h>

#include <utility>

#include "gateway/admit.h"
#include "gateway/client_hello_peek.h"
#include "gateway/connection.h"
#include "gateway/http_gateway.h"
#include "gateway/passthrough.h"
#include "gateway/refusal_log.h"
#include "gateway/request_id.h"
#include "gateway/websocket_tunnel.h"
#include "net/closing.h"
#include "net/tls_stream.h"
#include "pki/x509_facts.h"
#include "protocol/http/forward.h"

namespace wssgate::gateway {
namespace {

/// A certificate that has ended serves no more, and one that must be stapled (its own word, or
/// `ocsp: required`) serves with a staple or not at all.
Result<void> check_certificates(const Site& site, std::size_t tls_profile) {
  const auto now = std::chrono::system_clock::now();
  if (site.context(tls_profile) == nullptr || now > site.end) {
    return Error(Reason::certificate_unavailable, Side::proxy);
  }
  for (const auto& slot : site.needed_staples) {
    if (slot->good(now)) continue;
    if (!slot->revoked()) return Error(Reason::staple_unavailable, Side::proxy);
    return Error(Reason::staple_unavailable, Side::proxy, "the CA has revoked the certificate");
  }
  return {};
}

/// The site that the hello's server name leads to. Errors: missing_server_name,
/// unknown_server_name (also for what is no host name at all), certificate_unavailable,
/// staple_unavailable.
Result<const Site*> match_site(Connection& connection, const tls::ClientHello& hello) {
  if (!hello.server_name) {
    return Error(Reason::missing_server_name, Side::client);
  }
  auto name = canonical_hostname(*hello.server_name);
  if (!name) return Error(Reason::unknown_server_name, Side::client, "not a host name");
  const Site* site = connection.snapshot->sites.match(*name);
  if (site == nullptr) {
    return Error(Reason::unknown_server_name, Side::client);
  }
  connection.server_name = std::move(*name);
  if (site->host->passthrough) return site;
  const auto may_serve = check_certificates(*site, connection.tls_profile);
  if (!may_serve) return may_serve.error();
  return site;
}

/// A second PROXY header is a proxy's mistake, not a client's.
Error behind_proxy_header(Error error) {
  if (error.reason != Reason::proxy_header_refused) return error;
  return Error(Reason::malformed_proxy_header, error.side,
               "a second PROXY header follows the first: two proxies in front both send one");
}

/// What a refused client reads in place of a handshake; empty where an answer would only puzzle.
std::string refusal_bytes(const Error& error, bool offers_tls13) {
  std::uint8_t alert = tls_alert(error.reason);
  // RFC 8446 §9.2 names missing_extension for TLS 1.3; RFC 5246 does not know it.
  if (error.reason == Reason::missing_server_name && !offers_tls13) {
    alert = tls_alert(Reason::handshake_failed);
  }
  if (alert == 0) return {};
  const auto record = tls::fatal_alert_record(alert);
  return {record.begin(), record.end()};
}

asio::awaitable<void> refuse(Connection& connection, net::TcpStream& plain, const Error& error,
                             const tls::ClientHello* hello) {
  const std::string asked = hello != nullptr ? hello->server_name.value_or("") : "";
  const bool plain_http = error.reason == Reason::plain_http;
  const std::string id = plain_http ? request_id(connection, nullptr) : "";
  log_refusal(connection, error, asked, id);
  const std::string answer = plain_http
                                 ? http::error_response(error, false, false, {}, id)
                                 : refusal_bytes(error, hello != nullptr && hello->offers_tls13);
  if (answer.empty()) co_return;
  const auto sent = plain.send(answer);
  if (sent) co_await net::close_gently(plain, connection.waiter);
}

void note_handshake(Telemetry& telemetry, SSL* ssl, TelemetryClock::duration took) {
  const bool resumed = SSL_session_reused(ssl) == 1;
  HandshakeKind kind{.version = SSL_get_version(ssl), .resumed = resumed};
  if (const X509* const shown = resumed ? nullptr : SSL_get_certificate(ssl); shown != nullptr) {
    const auto type = pki::key_type(X509_get0_pubkey(shown));
    if (type) kind.key = pki::key_type_label(*type);
  }
  ++telemetry.handshakes[kind];
  telemetry.handshake.add(took);
}

/// The handshake with the site's certificate. On success the connection's stream is TLS. `place`
/// is given back at its end.
asio::awaitable<Result<void>> accept_tls(Connection& connection,
                                         std::unique_ptr<net::TcpStream> plain, bool resumes,
                                         [[maybe_unused]] ConnectionGate::Place place) {
  const auto begun = TelemetryClock::now();
  const auto context = connection.site->context(connection.tls_profile)->get();
  if (!context) co_return context.error();
  auto tls = std::make_unique<net::TlsStream>(std::move(plain), *context);
  pki::set_routed_name(tls->ssl(), &connection.server_name);
  connection.waiter.expires_after(connection.snapshot->config.timeouts.handshake,
                                  Reason::handshake_timeout, Side::client);
  auto turn = co_await connection.gateway.handshake_turns().take(connection.waiter, resumes);
  if (!turn) co_return turn;
  for (;;) {
    auto done = tls->handshake();
    if (!done) {
      co_await net::close_gently(tls->plain(), connection.waiter);  // the alert must arrive
      Error why = std::move(done).error();
      if (why.reason == Reason::client_certificate_refused) {
        why.context = pki::client_certificate_fault(tls->ssl());
      }
      co_return why;
    }
    if (*done) break;
    auto waited = co_await connection.waiter.wait();
    if (!waited) co_return std::move(waited).error();
  }
  note_handshake(connection.gateway.telemetry(), tls->ssl(), TelemetryClock::now() - begun);
  SSL_certs_clear(tls->ssl());  // a list of the chain in each connection, needed to sign alone
  connection.tls_version = SSL_get_version(tls->ssl());
  connection.client_certificate =
      http::client_certificate_fields(pki::verified_client_chain(tls->ssl()));
  connection.stream = std::move(tls);
  co_return Result<void>();
}

/// All that comes before the first request: on success the connection's stream is TLS. False where
/// that was not to be: refused, or passed through to its end. What this phase needs goes with it.
asio::awaitable<bool> greet(Connection& connection, std::unique_ptr<net::TcpStream> plain,
                            const Listening& listener) {
  const auto conveyed = co_await admit_client(connection, *plain, listener);
  if (!conveyed) {
    co_await refuse(connection, *plain, conveyed.error(), nullptr);
    co_return false;
  }
  auto hello = co_await peek_client_hello(connection, *plain);
  if (!hello) {
    const Error why = *conveyed ? behind_proxy_header(hello.error()) : hello.error();
    co_await refuse(connection, *plain, why, nullptr);
    co_return false;
  }
  const auto site = match_site(connection, *hello);
  if (!site) {
    co_await refuse(connection, *plain, site.error(), &*hello);
    co_return false;
  }
  connection.lead_to(**site);

  if (connection.site->host->passthrough) {
    const auto passed = co_await run_passthrough(connection, *plain);
    if (!passed) co_await refuse(connection, *plain, passed.error(), &*hello);
    co_return false;
  }
  auto handshake = admit_handshake(connection, hello->offers_resumption);
  if (!handshake) {
    co_await refuse(connection, *plain, handshake.error(), &*hello);
    co_return false;
  }
  auto accepted = co_await accept_tls(connection, std::move(plain), hello->offers_resumption,
                                      *std::move(handshake));
  if (!accepted) {
    ++connection.gateway.telemetry().failed_handshakes[accepted.error().reason];
    log_refusal(connection, accepted.error(), connection.server_name);
  }
  co_return accepted.ok();
}

}  // namespace

asio::awaitable<void> run_session(Gateway& gateway, std::shared_ptr<const Snapshot> snapshot,
                                  net::Fd socket, SocketAddress client, const Listening& listener,
                                  ConnectionGate::Place place) {
  auto connection = std::make_unique<Connection>(gateway, std::move(snapshot), socket.get(), client,
                                                 std::move(place));
  connection->tls_profile = listener.tls_profile;
  auto plain =
      std::make_unique<net::TcpStream>(gateway.worker().loop(), std::move(socket), Side::client);
  plain->attach(&connection->waiter);
  const bool greeted = co_await greet(*connection, std::move(plain), listener);
  if (!greeted) co_return;
  auto upgraded = co_await serve_http(*connection);
  std::string().swap(connection->client_certificate);  // a tunnel has no more requests
  if (upgraded) begin_tunnel(std::move(connection), std::move(*upgraded));
}

}  // namespace wssgate::gateway
