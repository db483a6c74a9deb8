#include "pki/tls_context.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/bytes.h"
#include "base/hostname.h"
#include "pki/context_setup.h"
#include "pki/key_schedule.h"
#include "pki/session_tickets.h"
#include "pki/staple_offer.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

// What we serve, the better one first. curl offers http/1.0 alone when it is told to speak that.
constexpr std::array<std::string_view, 2> kProtocols = {"http/1.1", "http/1.0"};

int routed_name_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

const std::string* routed_name(const SSL* ssl) {
  return static_cast<const std::string*>(SSL_get_ex_data(ssl, routed_name_index()));
}

bool is_routed_name(const SSL* ssl, const char* name) {
  const std::string* routed = routed_name(ssl);
  if (routed == nullptr || name == nullptr) return false;
  return canonical_hostname(name) == *routed;
}

int check_server_name(SSL* ssl, int* alert, void*) {
  if (is_routed_name(ssl, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))) {
    return SSL_TLSEXT_ERR_OK;
  }
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// RFC 6066 §3: a session is not resumed for another name than it was made for. OpenSSL would
// resume a TLS 1.2 session all the same, and then answer SSL_get_servername with its first name.
SSL_TICKET_RETURN accept_ticket(SSL* ssl, SSL_SESSION* session, const unsigned char*, std::size_t,
                                SSL_TICKET_STATUS status, void*) {
  switch (status) {
    case SSL_TICKET_SUCCESS:
    case SSL_TICKET_SUCCESS_RENEW:
      if (!is_routed_name(ssl, SSL_SESSION_get0_hostname(session))) {
        return SSL_TICKET_RETURN_IGNORE_RENEW;
      }
      return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
    default:
      return SSL_TICKET_RETURN_IGNORE_RENEW;
  }
}

// RFC 7301 §3.2: names with a length byte each; OpenSSL has checked that they fill the list.
int select_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_length,
                    const unsigned char* offered, unsigned int offered_length, void*) {
  for (const std::string_view ours : kProtocols) {
    ByteReader reader(ByteView(offered, offered_length));
    while (const auto name = reader.vector8()) {
      if (!std::equal(name->begin(), name->end(), ours.begin(), ours.end())) continue;
      *chosen = name->data();
      *chosen_length = static_cast<unsigned char>(name->size());
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// Equal for equal terms, on any node and after any reload; staples change without a new handshake
/// being another.
TermsDigest digest_of(const ServerTerms& terms) {
  std::vector<std::string> parts = {"wssgate terms 1", terms.identity, terms.policy->digest_text()};
  for (const auto& [certificate, staple] : terms.certificates) {
    parts.push_back(fingerprint(certificate->leaf.get()));
  }
  parts.push_back(terms.client_trust ? terms.client_trust->digest_text() : "no client certificate");
  const std::string all = joined(parts);
  TermsDigest digest{};
  EVP_Digest(all.data(), all.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

bool set_sessions(SSL_CTX* context, const ServerTerms& terms) {
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets only: no shared lock
  const TermsDigest digest = digest_of(terms);
  static_assert(digest.size() <= SSL_MAX_SID_CTX_LENGTH);
  if (SSL_CTX_set_session_id_context(context, digest.data(), digest.size()) != 1) return false;
  if (!terms.ticket_keys || terms.client_trust) {
    // In TLS 1.3 too: without a session cache nothing is left to resume from.
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    return SSL_CTX_set_num_tickets(context, 0) == 1;
  }
  return SSL_CTX_set_num_tickets(context, 1) == 1 &&
         SSL_CTX_set_session_ticket_cb(context, nullptr, accept_ticket, nullptr) == 1 &&
         seal_tickets(context, terms.ticket_keys, digest);
}

}  // namespace

Result<SslContextPtr> make_server_context(const ServerTerms& terms) {
  ERR_clear_error();
  if (terms.certificates.empty()) {
    return Error(Reason::internal_error, Side::proxy, "a TLS context needs a certificate");
  }
  SslContextPtr context(SSL_CTX_new_ex(nullptr, prefer_own_key_schedule(), TLS_server_method()));
  if (!context) return context_failure("cannot make a TLS context");
  if (!set_protocols(context.get(), *terms.policy) || !set_sessions(context.get(), terms)) {
    return context_failure("cannot set up a TLS context");
  }
  if (terms.client_trust && !terms.client_trust->apply(context.get())) {
    return context_failure("cannot ask for client certificates");
  }
  for (const auto& [certificate, staple] : terms.certificates) {
    auto served = serve_certificate(context.get(), *certificate);
    if (!served) return std::move(served).error();
  }
  // What the macro SSL_CTX_set_tlsext_servername_callback does, without its C cast.
  SSL_CTX_callback_ctrl(context.get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                        reinterpret_cast<void (*)()>(check_server_name));
  SSL_CTX_set_alpn_select_cb(context.get(), select_protocol, nullptr);
  if (!offer_staples(context.get(), terms.certificates))
    return context_failure("cannot offer staples");
  return context;
}

Result<void> serve_certificate(SSL_CTX* context, const Certificate& certificate) {
  if (use_certificate(context, certificate.leaf.get(), certificate.key.get(),
                      certificate.intermediates)) {
    return {};
  }
  return context_failure(fmt::format("TLS refuses the certificate '{}'", certificate.chain_file));
}

void set_routed_name(SSL* ssl, const std::string* name) {
  SSL_set_ex_data(ssl, routed_name_index(), const_cast<std::string*>(name));
}

}  // namespace wssgate::pki
