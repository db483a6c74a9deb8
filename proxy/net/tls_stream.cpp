#include "net/tls_stream.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>
#include <system_error>

namespace wssgate::net {
namespace {

int ssl_length(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

/// What the usual causes of a failed handshake mean; empty for the others.
std::string_view meaning(int reason) {
  switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "the client does not trust the certificate's issuer";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      return "the client does not accept the certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "the client takes the certificate for expired: see its clock and ours";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
      return "the client offers no TLS version that the host takes";
    case SSL_R_NO_SHARED_CIPHER:
      return "the client offers no cipher suite that is served, or none for the certificate's key";
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
      return "the client offers no key exchange group that the host takes";
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return "the client's ALPN offers neither http/1.1 nor http/1.0";
    default:
      return {};
  }
}

/// A sentence for OpenSSL's oldest queued error, which is the cause of the later ones: what it
/// means, where that is known, and OpenSSL's own words.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  const char* const words = ERR_reason_error_string(code);
  const std::string_view known =
      ERR_GET_LIB(code) == ERR_LIB_SSL ? meaning(ERR_GET_REASON(code)) : "";
  ERR_clear_error();
  const std::string reason = words != nullptr ? words : "unknown TLS error";
  return known.empty() ? reason : fmt::format("{} ({})", known, reason);
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<TcpStream> plain, SSL_CTX* context)
    : Stream(plain->side()), plain_(std::move(plain)), ssl_(SSL_new(context)) {
  if (!ssl_ || SSL_set_fd(ssl_.get(), plain_->socket().fd()) != 1) throw std::bad_alloc();
  SSL_set_accept_state(ssl_.get());
  // A TCP end without close_notify is an end too, and no reason to stop writing. HTTP and WebSocket
  // frame their messages, so a truncated one is noticed there; many clients simply close.
  SSL_set_options(ssl_.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
}

Result<bool> TlsStream::handshake() {
  ERR_clear_error();
  errno = 0;
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) return true;
  const int error = SSL_get_error(ssl_.get(), done);
  if (error == SSL_ERROR_WANT_READ) {
    plain_->socket().drained();
    return false;
  }
  if (error == SSL_ERROR_WANT_WRITE) {
    plain_->socket().filled();
    return false;
  }
  if (error == SSL_ERROR_SYSCALL || error == SSL_ERROR_ZERO_RETURN) {
    ERR_clear_error();
    return Error(Reason::client_closed, side(), "connection closed during the TLS handshake");
  }
  if (SSL_is_server(ssl_.get()) == 1) {
    const bool refused = SSL_get_verify_result(ssl_.get()) != X509_V_OK;
    const unsigned long code = ERR_peek_error();
    const bool missing = ERR_GET_LIB(code) == ERR_LIB_SSL &&
                         ERR_GET_REASON(code) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE;
    if (refused || missing) {
      ERR_clear_error();
      return Error(
          refused ? Reason::client_certificate_refused : Reason::client_certificate_missing,
          side());
    }
  }
  return Error(Reason::handshake_failed, side(), openssl_reason());
}

Result<Received> TlsStream::read(std::span<char> into) {
  Socket& socket = plain_->socket();
  if (!socket.may_read() && SSL_pending(ssl_.get()) == 0) return Received{};
  ERR_clear_error();
  errno = 0;
  const int got = SSL_read(ssl_.get(), into.data(), ssl_length(into.size()));
  if (got > 0) return Received{.bytes = static_cast<std::size_t>(got)};
  const int error = SSL_get_error(ssl_.get(), got);
  switch (error) {
    case SSL_ERROR_WANT_READ:
      socket.drained();
      return Received{};
    case SSL_ERROR_WANT_WRITE:  // an answer of TLS's own (KeyUpdate) that the socket refuses
      socket.filled();
      return Received{};
    case SSL_ERROR_ZERO_RETURN:
      return Received{.end = true};
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      return reset_error(std::system_category().message(errno));
    default:
      return Error(Reason::tls_error, side(), openssl_reason());
  }
}

Result<std::size_t> TlsStream::write(std::string_view bytes) {
  Socket& socket = plain_->socket();
  if (!socket.may_write()) return std::size_t{0};
  ERR_clear_error();
  errno = 0;
  const int sent = SSL_write(ssl_.get(), bytes.data(), ssl_length(bytes.size()));
  if (sent > 0) return static_cast<std::size_t>(sent);
  switch (SSL_get_error(ssl_.get(), sent)) {
    case SSL_ERROR_WANT_WRITE:
      socket.filled();
      return std::size_t{0};
    case SSL_ERROR_WANT_READ:  // cannot be: renegotiation is off, so writing never needs a read
    case SSL_ERROR_SYSCALL:
      ERR_clear_error();
      return reset_error(std::system_category().message(errno));
    default:
      return Error(Reason::tls_error, side(), openssl_reason());
  }
}

bool TlsStream::end_writing() {
  ERR_clear_error();
  const int told = SSL_shutdown(ssl_.get());
  const bool refused = told < 0 && SSL_get_error(ssl_.get(), told) == SSL_ERROR_WANT_WRITE;
  ERR_clear_error();
  if (refused) {
    plain_->socket().filled();
    return false;
  }
  return plain_->end_writing();
}

}  // namespace wssgate::net
