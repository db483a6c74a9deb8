#include "net/tls_stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>
#include <system_error>

#include "net/tls_failure.h"

namespace wssgate::net {
namespace {

int ssl_length(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<TcpStream> plain, SSL_CTX* context)
    : Stream(plain->side()), plain_(std::move(plain)), ssl_(SSL_new(context)) {
  take_socket();
  SSL_set_accept_state(ssl_.get());
}

TlsStream::TlsStream(std::unique_ptr<TcpStream> plain, SslPtr ssl)
    : Stream(plain->side()), plain_(std::move(plain)), ssl_(std::move(ssl)) {
  take_socket();
}

void TlsStream::take_socket() {
  if (!ssl_ || SSL_set_fd(ssl_.get(), plain_->socket().fd()) != 1) throw std::bad_alloc();
  // A TCP end without close_notify is an end too, and no reason to stop writing. HTTP and WebSocket
  // frame their messages, so a truncated one is noticed there; many peers simply close.
  SSL_set_options(ssl_.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
}

// Not towards a client: there it would make a truncated response look whole.
TlsStream::~TlsStream() {
  if (SSL_is_server(ssl_.get()) == 1 || SSL_is_init_finished(ssl_.get()) != 1) return;
  if (was_reset_ || plain_->broken() || pending()) return;
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) == 0) SSL_shutdown(ssl_.get());
  ERR_clear_error();
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
  return handshake_error(ssl_.get(), side(), error);
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
      return broken_tls_error(side());
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
      return broken_tls_error(side());
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
