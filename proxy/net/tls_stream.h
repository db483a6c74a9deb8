#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "net/socket.h"
#include "net/stream.h"
#include "net/tcp_stream.h"

namespace wssgate::net {

/// TLS on a socket that OpenSSL reads and writes itself: no buffer of ours between the two.
class TlsStream : public Stream {
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
  Result<Received> read(std::span<char> into) override;
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
  Result<std::size_t> write(std::string_view bytes) override;

 private:
  void take_socket();

  std::unique_ptr<TcpStream> plain_;
  SslPtr ssl_;
  bool was_reset_ = false;
};

}  // namespace wssgate::net
