#include "net/tls_failure.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <string>
#include <string_view>
#include <utility>

namespace wssgate::net {
namespace {

/// OpenSSL's oldest queued error, which is the cause of the later ones.
struct Cause {
  /// SSL_R_…; 0 where it is not of libssl.
  int reason = 0;
  std::string words;
};

Cause take_cause() {
  const unsigned long code = ERR_get_error();
  const char* const words = ERR_reason_error_string(code);
  Cause cause{.reason = ERR_GET_LIB(code) == ERR_LIB_SSL ? ERR_GET_REASON(code) : 0,
              .words = words != nullptr ? words : "unknown TLS error"};
  ERR_clear_error();
  return cause;
}

/// What the usual causes of a failed handshake with a client mean; empty for the others.
std::string_view client_meaning(int reason) {
  switch (reason) {
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      return "the client does not trust the certificate's issuer";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      return "the client does not accept the certificate";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      return "the client takes the certificate for expired: see its clock and ours";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
      return "the client offers no TLS version that the host takes";
    case SSL_R_NO_SHARED_CIPHER:
      return "the client offers no cipher suite that is served, or none for the certificate's key";
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_GROUPS:
      return "the client offers no key exchange group that the host takes";
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return "the client's ALPN offers neither http/1.1 nor http/1.0";
    default:
      return {};
  }
}

std::string client_sentence(const Cause& cause) {
  const std::string_view known = client_meaning(cause.reason);
  return known.empty() ? cause.words : fmt::format("{} ({})", known, cause.words);
}

/// What an upstream's alert asks for, where that is known.
std::string_view alert_meaning(int alert) {
  switch (alert) {
    case SSL_AD_CERTIFICATE_REQUIRED:
      return ": it wants a client certificate (tls.certificate)";
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
      return ": it does not accept our client certificate (tls.certificate)";
    case SSL_AD_UNRECOGNIZED_NAME:
      return ": it serves no such name (tls.server_name)";
    case SSL_AD_HANDSHAKE_FAILURE:
      return ": it shares no TLS version or cipher suite with us, or wants a client certificate "
             "(tls.certificate)";
    default:
      return "";
  }
}

Error upstream_alert(int alert) {
  return Error(Reason::upstream_tls_alert, Side::upstream,
               fmt::format("the upstream refused with the TLS alert {} ({}){}", alert,
                           SSL_alert_desc_string_long(alert), alert_meaning(alert)));
}

Error upstream_error(const Cause& cause) {
  switch (cause.reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_RECORD_TOO_SMALL:
      return Error(Reason::upstream_not_tls, Side::upstream,
                   "what the upstream answers is no TLS: it speaks something else on this port, "
                   "perhaps plain HTTP");
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
      return Error(Reason::upstream_tls_version, Side::upstream);
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return Error(Reason::upstream_certificate_refused, Side::upstream);
    default:
      break;
  }
  if (cause.reason > SSL_AD_REASON_OFFSET) {
    return upstream_alert(cause.reason - SSL_AD_REASON_OFFSET);
  }
  return Error(Reason::upstream_tls_failed, Side::upstream,
               fmt::format("TLS with the upstream failed: {}", cause.words));
}

Error client_error(const SSL* ssl, const Cause& cause) {
  if (SSL_is_server(ssl) == 1) {
    const bool refused = SSL_get_verify_result(ssl) != X509_V_OK;
    if (refused) return Error(Reason::client_certificate_refused, Side::client);
    if (cause.reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
      return Error(Reason::client_certificate_missing, Side::client);
    }
  }
  return Error(Reason::handshake_failed, Side::client, client_sentence(cause));
}

}  // namespace

Error handshake_error(const SSL* ssl, Side side, int error) {
  if (error == SSL_ERROR_SYSCALL || error == SSL_ERROR_ZERO_RETURN) {
    ERR_clear_error();
    if (side == Side::upstream) {
      return Error(Reason::upstream_closed, side,
                   "the upstream closed in the TLS handshake. see whether it speaks TLS there");
    }
    return Error(Reason::client_closed, side, "connection closed during the TLS handshake");
  }
  const Cause cause = take_cause();
  return side == Side::upstream ? upstream_error(cause) : client_error(ssl, cause);
}

Error broken_tls_error(Side side) {
  const Cause cause = take_cause();
  if (side == Side::upstream) return upstream_error(cause);
  return Error(Reason::tls_error, side, client_sentence(cause));
}

}  // namespace wssgate::net
