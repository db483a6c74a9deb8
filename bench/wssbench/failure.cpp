#include "wssbench/failure.h"

#include <fmt/format.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "base/errno_text.h"

namespace wssgate::bench {
namespace {

// The labels of these say more than the context, which names systems' errors in many forms.
std::string_view fixed_label(Reason reason) {
  switch (reason) {
    case Reason::upstream_reset:
      return "connection reset";
    case Reason::upstream_closed:
      return "closed without a Close frame";
    case Reason::upstream_not_tls:
      return "the server does not speak TLS";
    case Reason::upstream_tls_version:
      return "no TLS version in common";
    default:
      return "";
  }
}

}  // namespace

Error failure(std::string label) {
  return {Reason::upstream_unavailable, Side::upstream, std::move(label)};
}

Error refused(std::string what) { return {Reason::internal_error, Side::proxy, std::move(what)}; }

Error run_over() { return {Reason::draining, Side::proxy}; }
bool is_run_over(const Error& error) { return error.reason == Reason::draining; }

std::string label_of(const Error& error) {
  const std::string_view fixed = fixed_label(error.reason);
  return std::string(fixed.empty() ? error.text() : fixed);
}

Error connect_failure(int error) {
  switch (error) {
    case ECONNREFUSED:
      return failure("connect refused");
    case ETIMEDOUT:
      return failure("connect timed out");
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return failure("connect: no port of ours is free");
    case EMFILE:
    case ENFILE:
      return failure("connect: out of descriptors");
    default:
      return failure("connect: " + errno_text(error));
  }
}

Error tls_failure(const SSL* ssl, int alert, const Error& error) {
  if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK) {
    return failure(fmt::format("certificate: {}", X509_verify_cert_error_string(verdict)));
  }
  if (alert != 0) {
    std::string name = SSL_alert_desc_string_long(alert);
    std::replace(name.begin(), name.end(), ' ', '_');
    return failure("TLS alert " + name);
  }
  if (error.reason == Reason::upstream_closed || error.reason == Reason::upstream_reset) {
    return failure("closed in the TLS handshake");
  }
  return failure(label_of(error));
}

}  // namespace wssgate::bench
