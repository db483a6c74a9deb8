#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "net/sleeper.h"
#include "net/socket.h"
#include "net/stream.h"
#include "net/tcp_stream.h"
#include "net/tls_wire.h"

namespace wssgate::net {

/// TLS on a socket. Between calls it holds no buffer but what the caller had no room for, and what
/// the socket refused (as records: what has been sent is encrypted at once).
class TlsStream : public Stream, private Sleeper {
 public:
  struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  using SslPtr = std::unique_ptr<SSL, SslDeleter>;

  /// The server's side. Takes over the socket of `plain`.
  TlsStream(std::unique_ptr<TcpStream> plain, SSL_CTX* context);
  /// The client's side: `ssl` is set up for it. Takes over both.
  TlsStream(std::unique_ptr<TcpStream> plain, SslPtr ssl);
  /// As a client it says goodbye, unless it was reset: a session is good for another connection
  /// only if it ended so.
  ~TlsStream() override;

  /// Goes on with the handshake; true when it is done. Errors: as `handshake_error` has them.
  Result<bool> handshake();

  void attach(Waiter* waiter) override { plain_->attach(waiter); }
  /// As many records as have come and fit.
  Result<Received> read(std::span<char> into) override;
  Result<void> send(std::string_view bytes) override;
  void look_again() override { plain_->look_again(); }
  bool broken() const override { return plain_->broken(); }
  bool peer_ended() const override { return plain_->peer_ended(); }
  bool end_writing() override;
  void reset() override {
    was_reset_ = true;
    plain_->reset();
  }

  SSL* ssl() const { return ssl_.get(); }
  /// The socket below, for an end without TLS after a failed handshake.
  TcpStream& plain() { return *plain_; }

 protected:
  Result<std::size_t> write(std::string_view records) override {
    return ending_ ? plain_->write_last(records) : plain_->write(records);
  }

 private:
  class Call;

  void take_socket();
  void woken() override { release(); }
  bool may_read() const;
  std::size_t decrypt(std::span<char> into, int& error);
  Error failure(int error) const;
  Result<void> put_output();

  std::unique_ptr<TcpStream> plain_;
  TlsWire wire_;
  SslPtr ssl_;
  /// What came behind the bytes that were read last; the next read tells.
  std::unique_ptr<Error> failed_;
  bool was_reset_ = false;
  bool ending_ = false;
};

}  // namespace wssgate::net
