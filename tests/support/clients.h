#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "net/fd.h"
#include "pki/openssl_ptr.h"

/// Blocking clients for tests, over real sockets. Every wait is bounded: what takes longer than
/// ten seconds fails the test by an exception.
namespace wssgate::test {

class TestCertificate;

/// A plain socket whose every byte the test decides.
class RawClient {
 public:
  explicit RawClient(const SocketAddress& address);
  /// Takes over a connected socket (a backend's side).
  explicit RawClient(net::Fd fd);
  virtual ~RawClient() = default;
  RawClient(RawClient&&) = default;

  virtual void write(std::string_view bytes);
  /// At least one byte, or empty at the end. Throws when the connection was reset.
  virtual std::string read_some();

  /// Reads until the text ends with `end`; throws when the peer ends before.
  std::string read_until(std::string_view end);
  std::string read_exactly(std::size_t bytes);
  /// Everything up to the peer's end.
  std::string read_all();
  /// What was received together with something that was asked for, and not yet asked for itself.
  std::string read_ahead() { return take(ahead_.size()); }
  /// A head and the body that its Content-Length or chunked coding (left as it is) says. A 1xx
  /// other than 101 is a message of its own.
  std::string read_message(bool head_only = false);
  /// True when the peer's end (or a reset) comes within the time limit; drops what comes before it.
  bool ends();
  /// The last failure of a read was a reset, not an end.
  bool was_reset() const { return was_reset_; }

  /// No more will be written; reading goes on.
  virtual void end_writing();
  /// Closes with RST.
  void reset();
  void close() { fd_ = net::Fd(); }
  int fd() const { return fd_.get(); }
  /// SO_RCVBUF, for tests of back-pressure; call before anything is received.
  void receive_buffer(int bytes);

 protected:
  net::Fd fd_;
  bool was_reset_ = false;

 private:
  std::string ahead_;  // read, but not yet asked for
  std::string take(std::size_t bytes);
};

struct TlsOptions {
  /// Nothing: no server_name extension.
  std::optional<std::string> server_name = std::nullopt;
  int min_version = TLS1_2_VERSION;
  int max_version = TLS1_3_VERSION;
  std::vector<std::string> alpn = {};
  /// To resume with; borrowed.
  SSL_SESSION* session = nullptr;
  /// OpenSSL's syntax, TLS 1.2 and 1.3 signature algorithms; empty: the defaults.
  std::string signature_algorithms = {};
  /// OpenSSL's syntax, up to TLS 1.2; empty: the defaults.
  std::string ciphers = {};
  /// Key exchange groups in OpenSSL's syntax; empty: the defaults.
  std::string groups = {};
  /// The client's own certificate, and what it sends behind it; borrowed.
  const TestCertificate* certificate = nullptr;
  std::vector<const TestCertificate*> intermediates = {};
  /// Asks for an OCSP staple.
  bool status_request = false;
};

/// TLS over a real socket, whichever side of it.
class TlsSocket : public RawClient {
 public:
  void write(std::string_view bytes) override;
  /// Throws TlsAlert when the peer answers with one.
  std::string read_some() override;
  /// Sends close_notify.
  void end_writing() override;

  SSL* ssl() const { return ssl_.get(); }

 protected:
  using RawClient::RawClient;
  /// Throws TlsRefused unless the handshake has just succeeded.
  static void check_handshake(int done);

  std::unique_ptr<SSL_CTX, pki::OpensslDeleter<SSL_CTX_free>> context_;
  std::unique_ptr<SSL, pki::OpensslDeleter<SSL_free>> ssl_;
};

/// Verifies nothing: tests look at what was presented.
class TlsClient : public TlsSocket {
 public:
  /// Connects and shakes hands. Throws TlsRefused when the server refuses.
  TlsClient(const SocketAddress& address, const TlsOptions& options);
  TlsClient(const SocketAddress& address, const std::string& server_name)
      : TlsClient(address, TlsOptions{.server_name = server_name}) {}

  /// The OCSP response that came with the handshake, in DER; empty: none.
  std::string staple() const;
  /// The subject alternative names of the presented leaf.
  std::vector<std::string> leaf_names() const;
};

/// The peer answered the handshake with an alert (its number), or closed (0).
struct TlsRefused : std::runtime_error {
  TlsRefused(int description, const std::string& text)
      : std::runtime_error(text), alert(description) {}
  int alert;
};

/// An alert that ends a connection whose handshake the client took for done.
struct TlsAlert : std::runtime_error {
  TlsAlert(int number, const std::string& text) : std::runtime_error(text), description(number) {}
  int description;
};

/// A client's WebSocket opening handshake for `target`, with RFC 6455's sample key; `extra` are
/// more header lines, each with CRLF.
std::string upgrade_request(const std::string& host, const std::string& target = "/",
                            const std::string& extra = "");
/// The 101 that answers it.
std::string upgrade_response(const std::string& extra = "");

}  // namespace wssgate::test
