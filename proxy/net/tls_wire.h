#pragma once

#include <openssl/ssl.h>

#include <span>
#include <string>
#include <string_view>

#include "net/tcp_stream.h"

namespace wssgate::net {

/// The records of one TLS connection between its SSL and its socket: one receive brings many, and
/// many go out with one send. Left to itself, OpenSSL reads twice and writes once a record.
/// The buffers are the thread's and in use within one call of TlsStream only: a wire itself keeps
/// nothing but input that the call had no room for. Its address is registered: it never moves.
class TlsWire {
 public:
  /// Bytes that one fill() receives at most.
  static constexpr std::size_t kMostInput = std::size_t{64} * 1024;
  /// Of output() before it is sent: the records of what one read of a tunnel brings leave together.
  static constexpr std::size_t kMostOutput = std::size_t{80} * 1024;

  TlsWire() = default;
  TlsWire(const TlsWire&) = delete;
  TlsWire& operator=(const TlsWire&) = delete;

  /// From now on `ssl`, which must not outlive this, reads and writes here. Throws std::bad_alloc.
  void attach(SSL* ssl);

  /// Receives once, about `most` bytes, unless there is input(). Errors: the socket's.
  Result<Received> fill(TcpStream& plain, std::size_t most);
  /// Something received has not been read by the SSL.
  bool has_input() const { return !input_.empty(); }
  /// Lets go of the thread's buffer: what is left in it is kept with this wire.
  void keep_input();

  /// What SSLs of this thread have written since it was cleared. Between calls it is empty.
  static std::string& output();

 private:
  static BIO_METHOD* method();
  static int on_read(BIO* bio, char* into, int size);
  static int on_write(BIO* bio, const char* bytes, int size);
  static long on_control(BIO* bio, int command, long, void*);

  std::string_view input_;
  std::string kept_;
  bool ended_ = false;
};

}  // namespace wssgate::net
