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
  /// Takes over the socket of `plain`. The handshake is the server's when `context` is a server's.
  TlsStream(std::unique_ptr<TcpStream> plain, SSL_CTX* context);

  /// Goes on with the handshake; true when it is done. Error: handshake_failed with what OpenSSL
  /// or the peer's alert says, client_certificate_missing or _refused (the verdict is in ssl()), or
  /// client_closed when the peer went away in the middle.
  Result<bool> handshake();

  void attach(Waiter* waiter) override { plain_->attach(waiter); }
  Result<Received> read(std::span<char> into) override;
  void look_again() override { plain_->look_again(); }
  bool broken() const override { return plain_->broken(); }
  bool end_writing() override;
  void reset() override { plain_->reset(); }

  SSL* ssl() const { return ssl_.get(); }
  /// The socket below, for an end without TLS after a failed handshake.
  TcpStream& plain() { return *plain_; }

 protected:
  Result<std::size_t> write(std::string_view bytes) override;

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  std::unique_ptr<TcpStream> plain_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
};

}  // namespace wssgate::net
