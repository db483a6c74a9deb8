#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pki/certificate.h"

/// What stands in a certificate, as values and as words for a person.
namespace wssgate::pki {

using TimePoint = std::chrono::system_clock::time_point;

/// OpenSSL's, of every key and signature on a path: 112 bits and SHA-2.
inline constexpr int kSecurityLevel = 2;

/// The subject's, in UTF-8 and as it is; empty when it has none.
std::string common_name(const X509* certificate);
/// The shortest words that tell which certificate is meant: the common name, else the first DNS
/// name, else the whole subject. Printable.
std::string subject_label(const X509* certificate);
std::string issuer_label(const X509* certificate);

/// Nothing when the date does not decode. Dates outside the clock's range (RFC 5280's "no expiry"
/// is the year 9999) become its end.
std::optional<TimePoint> not_before(const X509* certificate);
std::optional<TimePoint> not_after(const X509* certificate);
/// Nothing when the time does not decode.
std::optional<TimePoint> time_of(const ASN1_TIME* time);
/// "2026-11-21T03:32:50Z".
std::string iso_time(TimePoint time);
/// The same of a certificate's own date, whatever its year.
std::string iso_time(const ASN1_TIME* time);

/// The dNSName entries of subjectAltName that are names; others ("w*.example.com") cover nothing.
std::vector<HostPattern> dns_names(const X509* certificate);

/// An iPAddress name's bytes (RFC 5280 §4.2.1.6) as text; empty when they are no address.
std::string address_text(std::string_view bytes);

/// SHA-256 of the whole certificate, in lower-case hex.
std::string fingerprint(const X509* certificate);
/// It has the TLS feature status_request (RFC 7633 §4.2.3.1).
bool is_must_staple(const X509* certificate);
/// The http URLs of its OCSP responders (authorityInfoAccess), in order. Printable ASCII.
std::vector<std::string> ocsp_responders(const X509* certificate);
/// The http URLs where its issuer's certificate is published (caIssuers), likewise.
std::vector<std::string> issuer_urls(const X509* certificate);
/// It names a responder with an https URL. Those are not asked: their own certificates would need
/// a responder (RFC 6960 §A.1, RFC 5280 §8).
bool has_https_responder(const X509* certificate);

/// Subject and issuer are one, and it has signed itself.
bool is_self_signed(const X509* certificate);
bool has_issuer_name_of(const X509* certificate, const X509* subject);
/// Whether `issuer`'s key made the signature of `certificate`.
bool is_signed_by(const X509* certificate, const X509* issuer);

/// Nothing for a type of key that wssgate does not serve with.
std::optional<KeyType> key_type(const EVP_PKEY* key);
/// "ECDSA", "RSA", "Ed25519".
std::string_view key_type_label(KeyType type);
/// "RSA 2048", "EC prime256v1", "ED25519".
std::string describe_key(const EVP_PKEY* key);
/// RSA under 2048 bits, curves that browsers do not take, DSA and the like.
bool is_weak(const EVP_PKEY* key);
/// The name of the signature's digest where it is too weak ("SHA1"); else nothing.
std::optional<std::string> weak_signature(const X509* certificate);

}  // namespace wssgate::pki
