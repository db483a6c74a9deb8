#pragma once

#include <openssl/ocsp.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "pki/certificate.h"
#include "support/test_ca.h"

/// OCSP responses minted at run time, the right ones and the wrong ones.
namespace wssgate::test {

struct OcspAnswer {
  int status = V_OCSP_CERTSTATUS_GOOD;
  std::chrono::system_clock::time_point this_update = day(2026, 5, 30);
  /// Nothing: without nextUpdate.
  std::optional<std::chrono::system_clock::time_point> next_update = day(2026, 6, 6);
  /// Of a revoked certificate.
  int reason = OCSP_REVOKED_STATUS_KEYCOMPROMISE;
  std::chrono::system_clock::time_point revoked_at = day(2026, 5, 1);
  /// The hash of the certificate's id.
  const EVP_MD* hash = EVP_sha1();
  /// Who signs, where that is not the issuer; its certificate goes along.
  const TestCertificate* responder = nullptr;
};

/// The DER response about `leaf`, issued by `issuer`.
std::string ocsp_response(const TestCertificate& leaf, const TestCertificate& issuer,
                          const OcspAnswer& answer = {});
/// One response with an answer for each.
std::string ocsp_response(const TestCertificate& leaf, const TestCertificate& issuer,
                          const std::vector<OcspAnswer>& answers);
/// A response without an answer, such as OCSP_RESPONSE_STATUS_TRYLATER.
std::string ocsp_refusal(int status);

/// A certificate for OCSP signing (or with another use), issued by `issuer`.
TestCertificate ocsp_responder(const TestCertificate& issuer,
                               const std::string& extended_key_usage = "OCSPSigning");

/// As load_certificate makes it, as far as stapling cares.
std::shared_ptr<pki::Certificate> loaded(const TestCertificate& leaf,
                                         const TestCertificate& issuer);

}  // namespace wssgate::test
