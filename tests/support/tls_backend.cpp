#include "support/tls_backend.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <utility>

#include "pki/x509_facts.h"

namespace wssgate::test {
namespace {

using ContextPtr = std::shared_ptr<SSL_CTX>;

ContextPtr server_context(const TlsBackendOptions& options) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  SSL_CTX_set_security_level(context.get(), 0);  // the proxy's is what is tested
  SSL_CTX_set_min_proto_version(context.get(), options.min_version);
  SSL_CTX_set_max_proto_version(context.get(), options.max_version);
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  constexpr const char* id = "test";
  SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(id), 4);
  const pki::BorrowingStack chain(sk_X509_new_null());
  for (const TestCertificate* each : options.intermediates) {
    sk_X509_push(chain.get(), each->certificate());
  }
  SSL_CTX_use_cert_and_key(context.get(), options.leaf->certificate(), options.leaf->key(),
                           chain.get(), 1);
  if (options.client_ca != nullptr) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), options.client_ca->certificate());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  SSL_CTX_set_alpn_select_cb(
      context.get(),
      [](SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
         unsigned, void*) {
        *chosen = offered + 1;  // the first
        *length = offered[0];
        return SSL_TLSEXT_ERR_OK;
      },
      nullptr);
  return context;
}

/// One backend's connections share a context, so that its tickets are good for the next one.
struct Shared {
  explicit Shared(TlsBackendOptions given)
      : options(std::move(given)), context(server_context(options)) {}
  TlsBackendOptions options;
  ContextPtr context;
};

}  // namespace

TlsServer::TlsServer(const RawClient& plain, SSL_CTX* context)
    : TlsSocket(net::Fd(::dup(plain.fd()))) {
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), fd());
  ERR_clear_error();
  check_handshake(SSL_accept(ssl_.get()));
}

std::string TlsServer::server_name() const {
  const char* const name = SSL_get_servername(ssl(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

std::string TlsServer::alpn() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::string TlsServer::client_name() const {
  const X509* const certificate = SSL_get0_peer_certificate(ssl());
  return certificate == nullptr ? "" : pki::subject_label(certificate);
}

Backend::Script over_tls(TlsBackendOptions options, TlsScript script) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets whose peer may have gone
  const auto shared = std::make_shared<Shared>(std::move(options));
  return [shared, script = std::move(script)](RawClient& plain, int number) {
    TlsServer server(plain, shared->context.get());
    script(server, number);
    server.end_writing();
  };
}

Backend::Script plainly_over_tls(TlsBackendOptions options, Backend::Script script) {
  return over_tls(std::move(options), [script = std::move(script)](TlsServer& server, int number) {
    script(server, number);
  });
}

std::string by_name(const Backend& backend, const std::string& host) {
  return host + ":" + std::to_string(SocketAddress::parse(backend.endpoint())->port());
}

std::string tls_host(const std::vector<std::string>& endpoints, const std::string& tls,
                     const std::string& more) {
  std::string list;
  for (const std::string& endpoint : endpoints) list += "\"" + endpoint + "\",";
  return "hosts: [{names: [test.example], routes: [{path: /, upstream: backend}]}]\n"
         "upstreams: {backend: {endpoints: [" +
         list + "], tls: " + tls + "}}\n" + more;
}

}  // namespace wssgate::test
