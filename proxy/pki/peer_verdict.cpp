#include "pki/peer_verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "pki/openssl_ptr.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

// Enough to see whose certificate it is.
constexpr std::size_t kMostNames = 8;

using GeneralNames = std::unique_ptr<GENERAL_NAMES, OpensslDeleter<GENERAL_NAMES_free>>;

std::string_view bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// The subject alternative names that a server can be verified by. Printable.
std::vector<std::string> names_of(const X509* certificate) {
  const GeneralNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) found.push_back(printable(bytes_of(name->d.dNSName)));
    if (name->type == GEN_IPADD) found.push_back(address_text(bytes_of(name->d.iPAddress)));
  }
  return found;
}

Error refusal(Reason reason, std::string text) {
  return Error(reason, Side::upstream, std::move(text));
}

Error other_name(const X509* leaf, const std::string& name) {
  std::vector<std::string> names = names_of(leaf);
  if (names.empty()) {
    return refusal(Reason::upstream_certificate_name,
                   fmt::format("the upstream's certificate '{}' has no subject alternative name, "
                               "and '{}' was expected; the common name does not count",
                               subject_label(leaf), name));
  }
  const bool more = names.size() > kMostNames;
  if (more) names.resize(kMostNames);
  return refusal(Reason::upstream_certificate_name,
                 fmt::format("the upstream's certificate is not for '{}' but for {}{}. set "
                             "tls.server_name to the one that is meant",
                             name, fmt::join(names, ", "), more ? " …" : ""));
}

Error untrusted(const X509* at) {
  return refusal(
      Reason::upstream_certificate_untrusted,
      fmt::format("no trusted CA is called '{}', which issued '{}'. name it under tls.ca, or have "
                  "the upstream send the intermediates below it",
                  issuer_label(at), subject_label(at)));
}

}  // namespace

Error explain_peer_fault(X509_STORE_CTX* verifying, const std::string& name) {
  const X509* const leaf = X509_STORE_CTX_get0_cert(verifying);
  const X509* const current = X509_STORE_CTX_get_current_cert(verifying);
  const X509* const at = current == nullptr ? leaf : current;
  const int error = X509_STORE_CTX_get_error(verifying);
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return other_name(leaf, name);
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return refusal(
          Reason::upstream_certificate_dates,
          fmt::format("'{}' expired at {}", subject_label(at), iso_time(X509_get0_notAfter(at))));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return refusal(Reason::upstream_certificate_dates,
                     fmt::format("'{}' is not valid before {}", subject_label(at),
                                 iso_time(X509_get0_notBefore(at))));
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      return refusal(Reason::upstream_certificate_self_signed,
                     fmt::format("the upstream's certificate '{}' has signed itself. to take this "
                                 "very certificate, name it under tls.ca",
                                 subject_label(leaf)));
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return refusal(Reason::upstream_certificate_untrusted,
                     fmt::format("the root '{}' of the upstream's certificate is not trusted. name "
                                 "it under tls.ca",
                                 subject_label(at)));
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      return untrusted(at);
    default:
      return refusal(Reason::upstream_certificate_refused,
                     fmt::format("the upstream's certificate '{}' is refused: {}",
                                 subject_label(at), X509_verify_cert_error_string(error)));
  }
}

}  // namespace wssgate::pki
