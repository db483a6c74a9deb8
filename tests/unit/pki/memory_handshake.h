#pragma once

#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "pki/tls_context.h"
#include "support/test_ca.h"

namespace wssgate::test {

using SslPtr = std::unique_ptr<SSL, pki::OpensslDeleter<SSL_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, pki::OpensslDeleter<SSL_SESSION_free>>;

/// What a client asks for.
struct ClientWish {
  std::string server_name = "a.test";
  /// What the connection is routed by; the server name where empty.
  std::string routed;
  bool unrouted = false;
  int version = TLS1_3_VERSION;
  const char* signature_algorithms = nullptr;
  const char* ciphers = nullptr;
  bool asks_for_staple = false;
  const char* groups = nullptr;
  /// In the wire's form: a length byte before each.
  std::string alpn;
  SSL_SESSION* session = nullptr;
  /// The client's own, and what it sends behind it.
  const TestCertificate* certificate = nullptr;
  const TestCertificate* intermediate = nullptr;
};

/// A client and a server of `context`, joined by memory.
class MemoryHandshake {
 public:
  MemoryHandshake(SSL_CTX* server_context, const ClientWish& wish)
      : routed_(wish.routed.empty() ? wish.server_name : wish.routed),
        client_context_(SSL_CTX_new(TLS_client_method())),
        server_(SSL_new(server_context)) {
    SSL_CTX_set_security_level(client_context_.get(), 0);
    // A cache would void its sessions when it goes; the tests hand them on themselves.
    SSL_CTX_set_session_cache_mode(client_context_.get(), SSL_SESS_CACHE_OFF);
    client_.reset(SSL_new(client_context_.get()));
    if (wish.certificate != nullptr) {
      const pki::BorrowingStack chain(sk_X509_new_null());
      if (wish.intermediate != nullptr) {
        sk_X509_push(chain.get(), wish.intermediate->certificate());
      }
      SSL_use_cert_and_key(client_.get(), wish.certificate->certificate(), wish.certificate->key(),
                           chain.get(), 1);
    }
    SSL_set_min_proto_version(client_.get(), wish.version);
    SSL_set_max_proto_version(client_.get(), wish.version);
    if (!wish.server_name.empty()) {  // SSL_set_tlsext_host_name without its C cast
      SSL_ctrl(client_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(wish.server_name.c_str()));
    }
    if (wish.signature_algorithms != nullptr) {
      std::string list = wish.signature_algorithms;  // the macro casts const away
      SSL_set1_sigalgs_list(client_.get(), list.data());
    }
    if (wish.ciphers != nullptr) {
      if (wish.version == TLS1_3_VERSION) {
        SSL_set_ciphersuites(client_.get(), wish.ciphers);
      } else {
        SSL_set_cipher_list(client_.get(), wish.ciphers);
      }
    }
    if (wish.groups != nullptr) {
      std::string list = wish.groups;
      SSL_ctrl(client_.get(), SSL_CTRL_SET_GROUPS_LIST, 0, list.data());
    }
    if (SSL_set_alpn_protos(client_.get(), reinterpret_cast<const unsigned char*>(wish.alpn.data()),
                            static_cast<unsigned>(wish.alpn.size())) != 0) {
      throw std::invalid_argument("malformed protocol list");
    }
    if (wish.asks_for_staple) SSL_set_tlsext_status_type(client_.get(), TLSEXT_STATUSTYPE_ocsp);
    if (wish.session != nullptr) SSL_set_session(client_.get(), wish.session);
    if (!wish.unrouted) pki::set_routed_name(server_.get(), &routed_);
    SSL_set_connect_state(client_.get());
    SSL_set_accept_state(server_.get());
    SSL_set_app_data(client_.get(), this);
    SSL_set_info_callback(client_.get(), note_alert);
    join();
    for (int i = 0; i < 10; ++i) {
      SSL_do_handshake(client_.get());
      SSL_do_handshake(server_.get());
    }
    if (SSL_is_init_finished(client_.get()) == 1) {
      char none = 0;  // in TLS 1.3 the client is done before the server has judged it
      SSL_read(client_.get(), &none, 0);
    }
    done_ = SSL_is_init_finished(client_.get()) == 1 && SSL_is_init_finished(server_.get()) == 1 &&
            alert_ == 0;
    if (done_) pass_bytes();  // which also brings the tickets of TLS 1.3
  }

  MemoryHandshake(const MemoryHandshake&) = delete;
  MemoryHandshake& operator=(const MemoryHandshake&) = delete;
  /// As if both had said goodbye: OpenSSL forgets the session of a connection that breaks off.
  ~MemoryHandshake() { SSL_set_shutdown(client_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

  bool done() const { return done_; }
  /// The last alert that the client got; 0 for none.
  int alert() const { return alert_; }
  SSL* client() const { return client_.get(); }
  SSL* server() const { return server_.get(); }

  bool resumed() const { return SSL_session_reused(server_.get()) == 1; }
  SessionPtr session() const { return SessionPtr(SSL_get1_session(client_.get())); }
  std::string server_name() const {
    const char* name = SSL_get_servername(server_.get(), TLSEXT_NAMETYPE_host_name);
    return name == nullptr ? "" : name;
  }
  /// As the client got it.
  std::optional<std::string> staple() const {
    unsigned char* response = nullptr;
    const long length = SSL_ctrl(client_.get(), SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0,
                                 static_cast<void*>(&response));
    if (length < 0) return std::nullopt;
    return std::string(reinterpret_cast<const char*>(response), static_cast<std::size_t>(length));
  }
  /// As the client got them, the leaf first.
  std::vector<X509*> chain() const {
    std::vector<X509*> certificates;
    const STACK_OF(X509)* got = SSL_get_peer_cert_chain(client_.get());
    for (int i = 0; i < sk_X509_num(got); ++i) certificates.push_back(sk_X509_value(got, i));
    return certificates;
  }

  /// One byte each way; false when either side fails.
  bool pass_bytes() {
    char byte = 'x';
    return SSL_write(server_.get(), &byte, 1) == 1 && SSL_read(client_.get(), &byte, 1) == 1 &&
           SSL_write(client_.get(), &byte, 1) == 1 && SSL_read(server_.get(), &byte, 1) == 1;
  }

 private:
  void join() {
    BIO* to_server = BIO_new(BIO_s_mem());
    BIO* to_client = BIO_new(BIO_s_mem());
    BIO_up_ref(to_server);
    BIO_up_ref(to_client);
    for (BIO* bio : {to_server, to_client}) BIO_set_mem_eof_return(bio, -1);
    SSL_set_bio(client_.get(), to_client, to_server);
    SSL_set_bio(server_.get(), to_server, to_client);
  }

  static void note_alert(const SSL* ssl, int where, int value) {
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT) {
      static_cast<MemoryHandshake*>(SSL_get_app_data(ssl))->alert_ = value & 0xff;
    }
  }

  std::string routed_;
  pki::SslContextPtr client_context_;
  SslPtr client_;
  SslPtr server_;
  int alert_ = 0;
  bool done_ = false;
};

}  // namespace wssgate::test
