#include "doctor/tls_dialogue.h"

#include <openssl/err.h>
#include <openssl/tls1.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "pki/context_setup.h"

namespace wssgate::doctor {
namespace {

using namespace std::chrono_literals;

// RFC 7301 §3.2: a length before the name. What a WebSocket needs, and browsers offer for one.
constexpr std::array<unsigned char, 9> kHttp11 = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
// RFC 8701: a type that servers have to ignore, as browsers send some.
constexpr unsigned int kGreaseExtension = 0x3a3a;
// What an X25519MLKEM768 key share takes (RFC 8446 §4.2.8, FIPS 203): more than fits one segment.
constexpr std::array<unsigned char, 1216> kFilling{};
// Without post-quantum key shares, which alone fill a segment.
constexpr const char* kSmallGroups = "X25519:P-256:P-384";
// So that the second piece is a segment of its own on its way, and in the server's reads.
constexpr auto kBetweenPieces = 30ms;
// What is kept to show what else a port speaks.
constexpr std::size_t kMostFirstBytes = 256;
constexpr std::size_t kMostReadAtOnce = std::size_t{16} * 1024;
// Of a handshake: ten times the chain that OpenSSL takes. It skips some messages without counting.
constexpr std::size_t kMostInHandshake = std::size_t{1024} * 1024;
// Of TLS 1.2, those that browsers offer. Level 1 takes no SHA-1 signature of the handshake, as they
// do.
constexpr const char* kUsualSuites =
    "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:"
    "ECDHE-RSA-AES128-SHA:ECDHE-RSA-AES256-SHA:AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA:"
    "AES256-SHA:@SECLEVEL=1";
// OpenSSL's security levels are for those who rely on a connection.
constexpr const char* kAllSuites = "ALL:!aNULL:!eNULL:!PSK:!SRP:@SECLEVEL=0";

int add_filling(SSL*, unsigned int, unsigned int, const unsigned char** out, std::size_t* size,
                X509*, std::size_t, int*, void*) {
  *out = kFilling.data();
  *size = kFilling.size();
  return 1;
}

bool set_versions_and_suites(SSL_CTX* context, bool outdated) {
  return SSL_CTX_set_min_proto_version(context, outdated ? TLS1_VERSION : TLS1_2_VERSION) == 1 &&
         SSL_CTX_set_cipher_list(context, outdated ? kAllSuites : kUsualSuites) == 1;
}

std::string last_reason() {
  const char* const words = ERR_reason_error_string(ERR_peek_error());
  return words == nullptr ? "unknown TLS error" : words;
}

}  // namespace

TlsDialogue::TlsDialogue(Wire& wire) : wire_(wire) {}

bool TlsDialogue::set_up(const HelloShape& shape) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = context_.get();
  if (context == nullptr || !set_versions_and_suites(context, shape.outdated)) return false;
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_alpn_protos(context, kHttp11.data(), kHttp11.size());
  // Servers without RFC 5746, and those that end without close_notify, are still to be looked at.
  SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                   SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_info_callback(context, note);
  SSL_CTX_set_client_cert_cb(context, note_request);
  if (shape.large_and_split &&
      SSL_CTX_add_custom_ext(context, kGreaseExtension, SSL_EXT_CLIENT_HELLO, add_filling, nullptr,
                             nullptr, nullptr, nullptr) != 1) {
    return false;
  }
  std::string groups = kSmallGroups;
  // The macro has a C cast.
  if (!shape.large_and_split &&
      SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0, groups.data()) != 1) {
    return false;
  }
  ssl_.reset(SSL_new(context));
  if (!ssl_) return false;
  incoming_ = BIO_new(BIO_s_mem());
  outgoing_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_.get(), incoming_, outgoing_);
  SSL_set_ex_data(ssl_.get(), 0, this);  // what SSL_set_app_data is
  SSL_set_connect_state(ssl_.get());
  // The macros for these two have C casts.
  SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_STATUS_REQ_TYPE, TLSEXT_STATUSTYPE_ocsp, nullptr);
  std::string name = shape.server_name;
  return name.empty() || SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME,
                                  TLSEXT_NAMETYPE_host_name, name.data()) == 1;
}

void TlsDialogue::note(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT) return;
  constexpr int kFatal = 2;
  auto* const self = static_cast<TlsDialogue*>(SSL_get_ex_data(ssl, 0));
  if (value >> 8 == kFatal) self->alert_ = value & 0xff;
}

/// There is none to show.
int TlsDialogue::note_request(SSL* ssl, X509**, EVP_PKEY**) {
  static_cast<TlsDialogue*>(SSL_get_ex_data(ssl, 0))->asked_for_certificate_ = true;
  return 0;
}

/// Sends what OpenSSL has written.
Step TlsDialogue::flush(bool split, Deadline deadline) {
  std::string out(BIO_ctrl_pending(outgoing_), '\0');
  if (out.empty()) return Step::ok;
  BIO_read(outgoing_, out.data(), static_cast<int>(out.size()));
  if (!split) return wire_.send(out, deadline);
  const std::string_view all = out;
  const Step first = wire_.send(all.substr(0, all.size() / 2), deadline);
  if (first != Step::ok) return first;
  if (!wire_.pause_until(std::chrono::steady_clock::now() + kBetweenPieces)) {
    return Step::interrupted;
  }
  return wire_.send(all.substr(all.size() / 2), deadline);
}

/// Gives OpenSSL what comes next.
Step TlsDialogue::feed(Deadline deadline) {
  std::string in;
  const Step step = wire_.receive(in, deadline);
  if (first_bytes_.size() < kMostFirstBytes) {
    first_bytes_.append(in, 0, kMostFirstBytes - first_bytes_.size());
  }
  fed_ += in.size();
  if (!in.empty()) BIO_write(incoming_, in.data(), static_cast<int>(in.size()));
  return step;
}

/// RFC 8446 §5.1: a record's type, then a version that begins with 3.
bool TlsDialogue::is_tls() const {
  constexpr unsigned char kChangeCipherSpec = 20;
  constexpr unsigned char kApplicationData = 23;
  if (first_bytes_.empty()) return true;  // nothing says otherwise
  const auto type = static_cast<unsigned char>(first_bytes_[0]);
  if (type < kChangeCipherSpec || type > kApplicationData) return false;
  return first_bytes_.size() < 2 || first_bytes_[1] == 3;
}

TlsAnswer::End TlsDialogue::end_of(Step step) const {
  if (!is_tls()) return TlsAnswer::End::not_tls;
  switch (step) {
    case Step::timed_out:
      return TlsAnswer::End::timed_out;
    case Step::closed:
      return TlsAnswer::End::closed;
    case Step::reset:
      return TlsAnswer::End::reset;
    case Step::interrupted:
      return TlsAnswer::End::interrupted;
    default:
      return TlsAnswer::End::failed;
  }
}

TlsAnswer::End TlsDialogue::negotiate(const HelloShape& shape, Deadline deadline,
                                      std::string& detail) {
  bool split = shape.large_and_split;
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(ssl_.get());
    const int error = SSL_get_error(ssl_.get(), done);
    const std::string reason = error == SSL_ERROR_SSL ? last_reason() : std::string();
    const Step sent = flush(std::exchange(split, false), deadline);
    if (done == 1) return TlsAnswer::End::done;
    if (error != SSL_ERROR_WANT_READ) {
      if (alert_ != 0) return TlsAnswer::End::alert;
      // A close_notify in the place of an answer.
      if (error == SSL_ERROR_ZERO_RETURN) return TlsAnswer::End::closed;
      detail = reason;
      return is_tls() ? TlsAnswer::End::failed : TlsAnswer::End::not_tls;
    }
    if (fed_ > kMostInHandshake) {
      detail = "it sends without end";
      return TlsAnswer::End::failed;
    }
    // A server that refuses may have answered before all was sent: what it said is read first.
    const Step got = sent == Step::ok || sent == Step::reset ? feed(deadline) : sent;
    // The error was told to the sender; the reader only sees an end.
    if (got != Step::ok) return end_of(got == Step::closed && sent != Step::ok ? sent : got);
  }
}

TlsAnswer TlsDialogue::shake_hands(const HelloShape& shape, Deadline deadline) {
  const auto began = std::chrono::steady_clock::now();
  TlsAnswer answer;
  if (!set_up(shape)) {
    answer.end = TlsAnswer::End::failed;
    answer.detail = last_reason();
  } else {
    answer.end = negotiate(shape, deadline, answer.detail);
    take_facts(answer);
  }
  answer.took = since(began);
  ERR_clear_error();
  return answer;
}

void TlsDialogue::take_facts(TlsAnswer& answer) const {
  SSL* const ssl = ssl_.get();
  answer.alert = alert_;
  answer.asks_for_client_certificate = asked_for_certificate_;
  if (answer.end == TlsAnswer::End::not_tls) answer.first_bytes = first_bytes_;
  const STACK_OF(X509)* const sent = SSL_get_peer_cert_chain(ssl);
  const int count = std::max(sk_X509_num(sent), 0);  // -1 for none
  answer.chain_sent = static_cast<std::size_t>(count);
  for (int i = 0; i < std::min(count, static_cast<int>(kMostCertificates)); ++i) {
    answer.chain.push_back(pki::share(sk_X509_value(sent, i)));
  }
  if (answer.end != TlsAnswer::End::done) return;
  answer.version = SSL_get_version(ssl);
  answer.cipher = SSL_get_cipher_name(ssl);
  const long group = SSL_ctrl(ssl, SSL_CTRL_GET_NEGOTIATED_GROUP, 0, nullptr);
  const char* const group_name =
      group == 0 ? nullptr : SSL_group_to_name(ssl, static_cast<int>(group));
  if (group_name != nullptr) answer.group = group_name;
  // TLS 1.3 has no renegotiation.
  answer.lacks_secure_renegotiation =
      SSL_version(ssl) <= TLS1_2_VERSION && SSL_ctrl(ssl, SSL_CTRL_GET_RI_SUPPORT, 0, nullptr) == 0;
  const unsigned char* alpn = nullptr;
  unsigned int alpn_size = 0;
  SSL_get0_alpn_selected(ssl, &alpn, &alpn_size);
  answer.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  unsigned char* staple = nullptr;
  const long staple_size =
      SSL_ctrl(ssl, SSL_CTRL_GET_TLSEXT_STATUS_REQ_OCSP_RESP, 0, static_cast<void*>(&staple));
  if (staple_size > 0) {
    answer.staple.assign(reinterpret_cast<const char*>(staple),
                         static_cast<std::size_t>(staple_size));
  }
}

Step TlsDialogue::send(std::string_view bytes, Deadline deadline) {
  ERR_clear_error();
  // To memory: all of it is taken at once.
  if (SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0) {
    return Step::failed;
  }
  return flush(false, deadline);
}

Step TlsDialogue::receive(std::string& into, Deadline deadline) {
  std::array<char, kMostReadAtOnce> buffer{};
  for (;;) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (got > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(got));
      return Step::ok;
    }
    const int error = SSL_get_error(ssl_.get(), got);
    const Step sent = flush(false, deadline);
    if (error == SSL_ERROR_ZERO_RETURN) return Step::closed;
    if (error != SSL_ERROR_WANT_READ) return alert_ != 0 ? Step::tls_alert : Step::failed;
    const Step fed = sent == Step::ok || sent == Step::reset ? feed(deadline) : sent;
    if (fed != Step::ok) return fed;
  }
}

}  // namespace wssgate::doctor
