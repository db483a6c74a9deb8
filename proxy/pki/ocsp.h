#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pki/certificate.h"
#include "pki/staple.h"

/// What a CA's responder is asked about a certificate, and what its answer is worth (RFC 6960).
namespace wssgate::pki {

/// More than any responder sends: a signature, a certificate or two, a few hundred bytes each.
inline constexpr std::size_t kLargestOcspResponse = std::size_t{64} * 1024;

/// The request for the state of `certificate`, in DER: without a nonce, which responders of public
/// CAs do not answer (RFC 5019 §2.1.1), and by SHA-1 hashes, which all of them know. Empty for a
/// certificate without an issuer: nobody can be asked about that.
std::string ocsp_request(const Certificate& certificate);

enum class OcspStatus : std::uint8_t {
  good,
  revoked,
  /// Unknown to the CA, or not an answer to rely on: not verified, not for this certificate, not
  /// for now.
  unusable,
};

/// What an OCSP response comes to.
struct OcspVerdict {
  OcspStatus status = OcspStatus::unusable;
  /// How long the answer holds. Only of a good or a revoked one.
  std::chrono::system_clock::time_point this_update;
  std::chrono::system_clock::time_point next_update;
  /// Why it is not good, as a clause for a person: "it expired at 2026-11-21T03:32:50Z". Printable.
  std::string why;
  /// Only of a good one.
  std::shared_ptr<const Staple> staple;
};

/// Judges the DER response `der` for `certificate` at `now`. What it says counts only if it is
/// signed by the certificate's issuer, or by a responder that this very issuer certified for OCSP
/// signing (RFC 6960 §4.2.2.2); if it names this certificate; and if it is of now: from thisUpdate
/// (five minutes early, for clocks that differ) up to nextUpdate, which it has to have.
OcspVerdict judge_ocsp_response(std::string_view der, const Certificate& certificate,
                                std::chrono::system_clock::time_point now);

/// When the last of the answers in a DER response ends, whoever signed it; nothing where that does
/// not decode.
std::optional<std::chrono::system_clock::time_point> end_of_ocsp_response(std::string_view der);

}  // namespace wssgate::pki
