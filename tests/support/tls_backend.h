#pragma once

#include <string>
#include <vector>

#include "support/backend.h"
#include "support/test_ca.h"

namespace wssgate::test {

/// How a backend shakes hands. Certificates are borrowed for the backend's life.
struct TlsBackendOptions {
  const TestCertificate* leaf = nullptr;
  /// Sent behind it.
  std::vector<const TestCertificate*> intermediates = {};
  int min_version = TLS1_2_VERSION;
  int max_version = TLS1_3_VERSION;
  /// Clients must show a certificate of this CA.
  const TestCertificate* client_ca = nullptr;
};

/// The server's side of a TLS connection.
class TlsServer : public TlsSocket {
 public:
  /// Shakes hands on a socket that it shares with `plain`. Throws TlsRefused when that fails.
  TlsServer(const RawClient& plain, SSL_CTX* context);

  bool resumed() const { return SSL_session_reused(ssl()) == 1; }
  /// As asked for; empty: none.
  std::string server_name() const;
  std::string alpn() const;
  /// The common name of the client's certificate; empty: none.
  std::string client_name() const;
};

/// A backend's script over TLS.
using TlsScript = std::function<void(TlsServer& proxy, int number)>;
Backend::Script over_tls(TlsBackendOptions options, TlsScript script);
/// The same for one that does not care.
Backend::Script plainly_over_tls(TlsBackendOptions options, Backend::Script script);

/// An endpoint's address by this host, such as "localhost:4711".
std::string by_name(const Backend& backend, const std::string& host = "localhost");

/// One host "test.example" whose upstream has this `tls` (as it stands in YAML).
std::string tls_host(const std::vector<std::string>& endpoints, const std::string& tls,
                     const std::string& more = "");

}  // namespace wssgate::test
