#include "net/tls_stream.h"

#include <openssl/err.h>

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "net/tls_failure.h"

namespace wssgate::net {
namespace {

// Receives that bring no byte for the caller (TLS's own messages) before others have their turn.
constexpr int kReadsPerCall = 16;
// What TLS has to answer (KeyUpdate) to a peer that does not read; it is not read either then.
constexpr std::size_t kMostUnsent = std::size_t{256} * 1024;

int ssl_length(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

/// An older error would be taken for the next call's.
void forget_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

/// While it lives the thread's buffers are this stream's.
class TlsStream::Call {
 public:
  explicit Call(TlsStream& stream) : stream_(stream) {
    TlsWire::output().clear();
    forget_errors();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() { stream_.wire_.keep_input(); }

 private:
  TlsStream& stream_;
};

TlsStream::TlsStream(std::unique_ptr<TcpStream> plain, SSL_CTX* context)
    : Stream(plain->side()),
      Sleeper(plain->socket().loop()),
      plain_(std::move(plain)),
      ssl_(SSL_new(context)) {
  take_socket();
  SSL_set_accept_state(ssl_.get());
}

TlsStream::TlsStream(std::unique_ptr<TcpStream> plain, SslPtr ssl)
    : Stream(plain->side()),
      Sleeper(plain->socket().loop()),
      plain_(std::move(plain)),
      ssl_(std::move(ssl)) {
  take_socket();
}

void TlsStream::take_socket() {
  if (!ssl_) throw std::bad_alloc();
  wire_.attach(ssl_.get());
  // A TCP end without close_notify is an end too, and no reason to stop writing. HTTP and WebSocket
  // frame their messages, so a truncated one is noticed there; many peers simply close.
  SSL_set_options(ssl_.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
}

// Not towards a client: there it would make a truncated response look whole.
TlsStream::~TlsStream() {
  if (SSL_is_server(ssl_.get()) == 1 || SSL_is_init_finished(ssl_.get()) != 1) return;
  if (was_reset_ || plain_->broken() || pending()) return;
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  const Call call(*this);
  SSL_shutdown(ssl_.get());
  (void)put_output();
  forget_errors();
}

Result<bool> TlsStream::handshake() {
  if (pending()) (void)flush();
  const Call call(*this);
  for (;;) {
    const int done = SSL_do_handshake(ssl_.get());
    const int error = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), done);
    if (error == SSL_ERROR_NONE && SSL_version(ssl_.get()) == TLS1_3_VERSION) {
      // A server's tickets are for the client's next connection, and a client's Finished is waited
      // for with its request: they may leave with the first bytes.
      if (!TlsWire::output().empty()) {
        hold(TlsWire::output());
        wake_when_idle();
      }
      return true;
    }
    const auto sent = put_output();  // also the alert of a failure
    if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) {
      return handshake_error(ssl_.get(), side(), error);
    }
    if (!sent) return handshake_error(ssl_.get(), side(), SSL_ERROR_SYSCALL);
    if (error == SSL_ERROR_NONE) return true;
    const auto got = wire_.fill(*plain_, TlsWire::kMostInput);
    if (!got) return handshake_error(ssl_.get(), side(), SSL_ERROR_SYSCALL);
    if (got->nothing()) return false;
  }
}

/// Without another look at the socket there may be something: in OpenSSL, kept, or known of.
bool TlsStream::may_read() const {
  return plain_->socket().may_read() || wire_.has_input() || failed_ ||
         SSL_pending(ssl_.get()) != 0 ||
         (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

Result<Received> TlsStream::read(std::span<char> into) {
  if (pending()) (void)flush();  // what TLS itself has to say waits for nobody else
  if (!may_read() || pending_bytes() > kMostUnsent) return Received{};
  if (failed_) return *failed_;
  const Call call(*this);
  for (int i = 0; i < kReadsPerCall; ++i) {
    if (SSL_pending(ssl_.get()) == 0) {
      const auto filled = wire_.fill(*plain_, into.size());
      if (!filled) return filled.error();
    }
    int error = SSL_ERROR_NONE;
    const std::size_t got = decrypt(into, error);
    (void)put_output();  // where it is broken, the next call tells
    const bool ended = error == SSL_ERROR_ZERO_RETURN;
    const bool failed = !ended && error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ;
    if (failed && got == 0) return failure(error);
    if (failed) failed_ = std::make_unique<Error>(failure(error));
    if (got > 0) return Received{.bytes = got};
    if (ended) return Received{.end = true};
    if (!plain_->socket().may_read()) return Received{};
  }
  plain_->socket().wake();
  return Received{};
}

/// What has been received, as far as it fits. `error` is how it ended.
std::size_t TlsStream::decrypt(std::span<char> into, int& error) {
  std::size_t got = 0;
  do {
    const auto room = into.subspan(got);
    const int bytes = SSL_read(ssl_.get(), room.data(), ssl_length(room.size()));
    if (bytes <= 0) {
      error = SSL_get_error(ssl_.get(), bytes);
      break;
    }
    got += static_cast<std::size_t>(bytes);
  } while (wire_.has_input() && got < into.size());
  return got;
}

Result<void> TlsStream::send(std::string_view bytes) {
  const Call call(*this);
  while (!bytes.empty()) {
    // One record; it never waits, since the wire takes whatever there is.
    const int taken = SSL_write(ssl_.get(), bytes.data(), ssl_length(bytes.size()));
    if (taken <= 0) return failure(SSL_get_error(ssl_.get(), taken));
    bytes.remove_prefix(static_cast<std::size_t>(taken));
    if (TlsWire::output().size() < TlsWire::kMostOutput) continue;
    if (auto sent = put_output(); !sent) return sent;
  }
  return put_output();
}

Result<void> TlsStream::put_output() {
  std::string& records = TlsWire::output();
  if (records.empty()) return {};  // what is held stays so
  auto sent = put(records);
  records.clear();
  return sent;
}

Error TlsStream::failure(int error) const {
  if (error == SSL_ERROR_SSL) return broken_tls_error(side());
  ERR_clear_error();
  return reset_error("the TLS connection is broken");
}

bool TlsStream::end_writing() {
  const Call call(*this);
  ending_ = true;
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) == 0) SSL_shutdown(ssl_.get());
  const auto sent = put_output();
  forget_errors();
  if (sent && pending()) {
    const auto flushed = flush();
    if (flushed && !*flushed) return false;
  }
  return plain_->end_writing();
}

}  // namespace wssgate::net
