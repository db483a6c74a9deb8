#include "wssbench/tls_client.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <chrono>
#include <utility>

#include "base/hostname.h"
#include "base/text.h"
#include "pki/context_setup.h"
#include "wssbench/failure.h"

namespace wssgate::bench {
namespace {

// Servers give one or two tickets a connection; more are not needed than handshakes begin at once.
constexpr std::size_t kMostSessions = 256;
// With more connections than this, memory counts more than the cost of giving buffers back.
constexpr std::size_t kFewConnections = 512;
// RFC 7301 §3.2: a length before the name.
constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

Result<pki::UpstreamTrust> load_trust(const std::string& ca) {
  Report report;
  if (ca.empty()) return pki::UpstreamTrust::of(pki::TrustAnchors::load({}, report));
  auto trust =
      pki::UpstreamTrust::load({ca, {"--ca", 0, 0}}, std::chrono::system_clock::now(), report);
  if (!trust) return refused(report.text());
  return *std::move(trust);
}

/// OpenSSL has the suites of TLS 1.3 in a list of their own.
bool set_ciphers(SSL_CTX* context, const std::string& ciphers) {
  std::string older;
  std::string newer;
  for (const std::string_view name : split(ciphers, ':')) {
    std::string& list = name.starts_with("TLS_") ? newer : older;
    if (!list.empty()) list += ':';
    list += name;
  }
  if (!newer.empty() && SSL_CTX_set_ciphersuites(context, newer.c_str()) != 1) return false;
  return older.empty() || SSL_CTX_set_cipher_list(context, older.c_str()) == 1;
}

bool set_version(SSL_CTX* context, const std::string& version) {
  if (version.empty()) return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
  const int number = version == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
  return SSL_CTX_set_min_proto_version(context, number) == 1 &&
         SSL_CTX_set_max_proto_version(context, number) == 1;
}

TlsNotes* notes_of(const SSL* ssl) {
  return static_cast<TlsNotes*>(SSL_get_ex_data(ssl, 0));  // what SSL_get_app_data is
}

}  // namespace

Result<std::unique_ptr<TlsClient>> TlsClient::make(const Options& options,
                                                   const std::string& host) {
  std::unique_ptr<TlsClient> client(new TlsClient());
  auto done = client->set_up(options, host);
  if (!done) return std::move(done).error();
  return client;
}

Result<void> TlsClient::set_up(const Options& options, const std::string& host) {
  host_ = host;
  host_is_address_ = !canonical_hostname(host);
  verified_ = !options.insecure;
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = context_.get();
  if (context == nullptr || !set_version(context, options.tls)) {
    return pki::context_failure("cannot set up TLS");
  }
  if (!set_ciphers(context, options.ciphers)) {
    return refused(
        fmt::format("--ciphers '{}': this OpenSSL knows no such suite; write its names, "
                    "joined by ':' (openssl ciphers lists them)",
                    options.ciphers));
  }
  // SSL_CTX_set1_groups_list without its C cast.
  std::string groups = options.groups;
  if (!groups.empty() && SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, groups.data()) != 1) {
    return refused(
        fmt::format("--groups '{}': this OpenSSL knows no such group; write its names, "
                    "joined by ':', such as X25519:P-256",
                    options.groups));
  }
  SSL_CTX_set_alpn_protos(context, kHttp11.data(), kHttp11.size());
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (options.connections > kFewConnections) SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);  // one system call a record in the place of two
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  SSL_CTX_set_info_callback(context, note);
  if (!verified_) {
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
    return {};
  }
  auto trust = load_trust(options.ca);
  if (!trust) return std::move(trust).error();
  SSL_CTX_set1_cert_store(context, trust->store.get());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, verify, this);
  return {};
}

SslPtr TlsClient::begin(TlsNotes& notes, bool resume) {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) return nullptr;
  notes.client = this;
  SSL_set_ex_data(ssl.get(), 0, &notes);
  SSL_set_connect_state(ssl.get());
  if (!host_is_address_) {
    // SSL_set_tlsext_host_name() is a macro with a C cast.
    SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host_.data());
  }
  if (verified_) {
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl.get());
    // RFC 9525 §6.3 and §6.4: a wildcard is a whole label; the common name does not count.
    X509_VERIFY_PARAM_set_hostflags(
        wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    const int set = host_is_address_ ? X509_VERIFY_PARAM_set1_ip_asc(wanted, host_.c_str())
                                     : X509_VERIFY_PARAM_set1_host(wanted, host_.c_str(), 0);
    if (set != 1) return nullptr;
  }
  if (!resume) return ssl;
  if (const SessionPtr session = take_session()) SSL_set_session(ssl.get(), session.get());
  return ssl;
}

/// OpenSSL's call for each ticket. What is kept is a copy, since OpenSSL writes into its own.
int TlsClient::keep_session(SSL* ssl, SSL_SESSION* session) {
  TlsNotes* const notes = notes_of(ssl);
  if (notes == nullptr || SSL_SESSION_is_resumable(session) != 1) return 0;
  SessionPtr copy(SSL_SESSION_dup(session));
  if (!copy) return 0;
  auto& sessions = notes->client->sessions_;
  if (sessions.size() == kMostSessions) sessions.pop_front();
  sessions.push_back(std::move(copy));
  return 0;  // the reference that was offered is not taken
}

/// Tickets of TLS 1.3 are used once, while there are enough: a server may refuse a second time.
SessionPtr TlsClient::take_session() {
  if (sessions_.empty()) return nullptr;
  SSL_SESSION* const newest = sessions_.back().get();
  if (sessions_.size() == 1 || SSL_SESSION_get_protocol_version(newest) < TLS1_3_VERSION) {
    return SessionPtr(SSL_SESSION_dup(newest));
  }
  SessionPtr taken = std::move(sessions_.back());
  sessions_.pop_back();
  return taken;
}

int TlsClient::verify(X509_STORE_CTX* verifying, void* client) {
  auto* const self = static_cast<TlsClient*>(client);
  if (self->is_proven(verifying)) {
    X509_STORE_CTX_set_error(verifying, X509_V_OK);
    return 1;
  }
  const int good = X509_verify_cert(verifying);
  if (good == 1) self->remember(verifying);
  return good;
}

bool TlsClient::is_proven(X509_STORE_CTX* verifying) const {
  const STACK_OF(X509)* const sent = X509_STORE_CTX_get0_untrusted(verifying);
  const int count = sk_X509_num(sent);
  if (count <= 0 || static_cast<std::size_t>(count) != proven_.size()) return false;
  for (int i = 0; i < count; ++i) {
    if (X509_cmp(sk_X509_value(sent, i), proven_[static_cast<std::size_t>(i)].get()) != 0) {
      return false;
    }
  }
  return true;
}

void TlsClient::remember(X509_STORE_CTX* verifying) {
  proven_.clear();
  const STACK_OF(X509)* const sent = X509_STORE_CTX_get0_untrusted(verifying);
  for (int i = 0; i < sk_X509_num(sent); ++i) proven_.push_back(pki::share(sk_X509_value(sent, i)));
}

void TlsClient::note(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT) return;
  TlsNotes* const notes = notes_of(ssl);
  constexpr int kFatal = 2;
  if (notes != nullptr && value >> 8 == kFatal) notes->alert = value & 0xff;
}

TlsFacts tls_facts(SSL* ssl) {
  TlsFacts facts;
  facts.version = SSL_get_version(ssl);
  facts.cipher = SSL_get_cipher_name(ssl);
  const long group = SSL_ctrl(ssl, SSL_CTRL_GET_NEGOTIATED_GROUP, 0, nullptr);
  if (const char* name = group == 0 ? nullptr : SSL_group_to_name(ssl, static_cast<int>(group))) {
    facts.group = name;
  }
  return facts;
}

}  // namespace wssgate::bench
