#include "pki/tls_peer.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <ctime>
#include <utility>

#include "base/hostname.h"
#include "pki/context_setup.h"
#include "pki/key_schedule.h"
#include "pki/peer_verdict.h"

namespace wssgate::pki {
namespace {

// A connection uses one ticket of TLS 1.3 up and usually brings two.
constexpr std::size_t kMostSessions = 8;
// RFC 7301 §3.2: a length before the name.
constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

/// What a connection keeps of its handshake; the SSL owns it.
struct Handshake {
  std::shared_ptr<TlsPeer> peer;
  std::optional<Error> fault;
};

void free_handshake(void*, void* handshake, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Handshake*>(handshake);
}

int handshake_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_handshake);
  return index;
}

Handshake* handshake_of(const SSL* ssl) {
  return static_cast<Handshake*>(SSL_get_ex_data(ssl, handshake_index()));
}

// Only takes notes: OpenSSL's verdict stands.
int note_peer_fault(int accepted, X509_STORE_CTX* verifying) {
  if (accepted == 1) return accepted;
  const auto* const ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(verifying, SSL_get_ex_data_X509_STORE_CTX_idx()));
  Handshake* const handshake = ssl == nullptr ? nullptr : handshake_of(ssl);
  if (handshake != nullptr && !handshake->fault) {
    handshake->fault = explain_peer_fault(verifying, handshake->peer->name());
  }
  return accepted;
}

bool is_address(const std::string& name) { return !canonical_hostname(name); }

bool set_name(SSL* ssl, const std::string& name, bool verified) {
  if (!is_address(name)) {
    // SSL_set_tlsext_host_name() is a macro with a C cast.
    if (SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 const_cast<char*>(name.c_str())) != 1) {
      return false;
    }
  }
  if (!verified) return true;
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl);
  // RFC 9525 §6.3 and §6.4: a wildcard is a whole label; the common name does not count.
  X509_VERIFY_PARAM_set_hostflags(
      wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return is_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1
                          : X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) == 1;
}

std::time_t begin_of(const SSL_SESSION* session) {
#if OPENSSL_VERSION_NUMBER >= 0x30300000L
  return SSL_SESSION_get_time_ex(session);
#else
  return SSL_SESSION_get_time(session);
#endif
}

/// Its own time has not passed, nor that of the certificate that was verified for it.
bool is_fresh(const SSL_SESSION* session) {
  const std::time_t now = std::time(nullptr);
  if (now >= begin_of(session) + SSL_SESSION_get_timeout(session)) return false;
  const X509* const certificate = SSL_SESSION_get0_peer(const_cast<SSL_SESSION*>(session));
  return certificate != nullptr && X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

/// RFC 8446 §C.4: a ticket used twice would tell an eavesdropper that it is the same client.
bool is_for_one_use(const SSL_SESSION* session) {
  return SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION;
}

}  // namespace

std::string peer_terms_digest(const std::string& upstream, const std::string& server_name,
                              const UpstreamTrust* trust, const ClientIdentity* identity) {
  return joined({upstream, server_name, trust != nullptr ? trust->digest : "not verified",
                 identity != nullptr ? identity->digest_text() : "no certificate"});
}

Result<std::shared_ptr<const PeerTerms>> make_peer_terms(const std::string& upstream,
                                                         const std::string& server_name,
                                                         const UpstreamTrust* trust,
                                                         const ClientIdentity* identity) {
  ERR_clear_error();
  const std::shared_ptr<SSL_CTX> context(
      SSL_CTX_new_ex(nullptr, prefer_own_key_schedule(), TLS_client_method()), SSL_CTX_free);
  if (!context || !set_protocols(context.get(), TlsPolicy::intermediate()) ||
      SSL_CTX_set_alpn_protos(context.get(), kHttp11.data(), kHttp11.size()) != 0) {
    return context_failure("cannot set up a TLS context");
  }
  if (trust != nullptr) {
    SSL_CTX_set1_cert_store(context.get(), trust->store.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, note_peer_fault);
  } else {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  }
  if (identity != nullptr && !use_certificate(context.get(), identity->leaf.get(),
                                              identity->key.get(), identity->intermediates)) {
    return context_failure("TLS refuses the client certificate");
  }
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), TlsPeer::keep_session);
  auto terms = std::make_shared<PeerTerms>();
  terms->context = context;
  terms->verified = trust != nullptr;
  terms->server_name = server_name;
  terms->digest = peer_terms_digest(upstream, server_name, trust, identity);
  return std::shared_ptr<const PeerTerms>(std::move(terms));
}

SslPtr TlsPeer::begin() {
  SslPtr ssl(SSL_new(terms_->context.get()));
  if (!ssl) return nullptr;
  auto handshake = std::make_unique<Handshake>();
  handshake->peer = shared_from_this();
  if (SSL_set_ex_data(ssl.get(), handshake_index(), handshake.get()) != 1) return nullptr;
  handshake.release();  // NOLINT(*-unused-return-value): the SSL owns it now
  SSL_set_connect_state(ssl.get());
  if (!set_name(ssl.get(), name_, terms_->verified)) return nullptr;
  if (const SessionPtr session = take()) SSL_set_session(ssl.get(), session.get());
  return ssl;
}

bool TlsPeer::may_be_told_of() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::milliseconds>(since_boot).count();
  std::int64_t last = told_at_.load(std::memory_order_relaxed);
  if (last != 0 && now - last < 1000) return false;
  return told_at_.compare_exchange_strong(last, now, std::memory_order_relaxed);
}

std::size_t TlsPeer::sessions() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

/// OpenSSL's call when a session can be resumed from now on: in TLS 1.3 with each ticket. What is
/// kept is a copy, since OpenSSL writes into the one that its connection has.
int TlsPeer::keep_session(SSL* ssl, SSL_SESSION* session) {
  const Handshake* const handshake = handshake_of(ssl);
  if (handshake == nullptr || SSL_SESSION_is_resumable(session) != 1) return 0;
  if (SessionPtr copy{SSL_SESSION_dup(session)}) handshake->peer->keep(std::move(copy));
  return 0;  // the reference that was offered is not taken
}

void TlsPeer::keep(SessionPtr session) {
  const std::lock_guard lock(mutex_);
  if (sessions_.size() == kMostSessions) sessions_.erase(sessions_.begin());
  sessions_.push_back(std::move(session));
}

SessionPtr TlsPeer::take() {
  const std::lock_guard lock(mutex_);
  while (!sessions_.empty()) {
    SSL_SESSION* const newest = sessions_.back().get();
    if (is_fresh(newest) && !is_for_one_use(newest)) return SessionPtr(SSL_SESSION_dup(newest));
    SessionPtr taken = std::move(sessions_.back());
    sessions_.pop_back();
    if (is_fresh(taken.get())) return taken;
  }
  return nullptr;
}

std::optional<Error> peer_certificate_fault(const SSL* ssl) {
  const Handshake* const handshake = handshake_of(ssl);
  return handshake == nullptr ? std::nullopt : handshake->fault;
}

}  // namespace wssgate::pki
