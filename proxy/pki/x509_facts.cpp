#include "pki/x509_facts.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/tls1.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include "base/text.h"

namespace wssgate::pki {
namespace {

// What NIST calls 112 bits: RSA 2048, SHA-224. OpenSSL's security level 2 asks for the same.
constexpr int kLeastSecurityBits = 112;
constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

std::string utf8(const ASN1_STRING* string) {
  unsigned char* text = nullptr;
  const int length = ASN1_STRING_to_UTF8(&text, string);
  if (length < 0) {
    ERR_clear_error();
    return {};
  }
  std::string out(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
  OPENSSL_free(text);
  return out;
}

std::string common_name(const X509_NAME* name) {
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return {};
  return utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
}

std::string whole_name(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string label(const X509_NAME* name, const std::string& otherwise) {
  std::string text = common_name(name);
  if (text.empty()) text = otherwise;
  if (text.empty()) text = whole_name(name);
  if (text.empty()) text = "a certificate without a name";
  return printable(text, 128);
}

std::optional<TimePoint> to_time_point(const ASN1_TIME* time) {
  std::tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) {
    ERR_clear_error();
    return std::nullopt;
  }
  const std::chrono::seconds since_epoch(timegm(&fields));
  // The clock counts nanoseconds: compare before converting, which would overflow.
  if (since_epoch >= std::chrono::floor<std::chrono::seconds>(TimePoint::max().time_since_epoch()))
    return TimePoint::max();
  if (since_epoch <= std::chrono::ceil<std::chrono::seconds>(TimePoint::min().time_since_epoch()))
    return TimePoint::min();
  return TimePoint(since_epoch);
}

std::string iso_fields(const std::tm& fields) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", fields.tm_year + 1900,
                     fields.tm_mon + 1, fields.tm_mday, fields.tm_hour, fields.tm_min,
                     fields.tm_sec);
}

// OpenSSL's functions of certificates cache what they parse, and so are not const.
X509* mutable_certificate(const X509* certificate) { return const_cast<X509*>(certificate); }

std::string group_name(const EVP_PKEY* key) {
  std::array<char, 80> name{};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(key, name.data(), name.size(), &length) != 1) {
    ERR_clear_error();
    return "with parameters of its own";
  }
  return {name.data(), length};
}

// The URLs of authorityInfoAccess (RFC 5280 §4.2.2.1) for one method, in order.
std::vector<std::string> access_urls(const X509* certificate, int method,
                                     std::string_view scheme = kHttp) {
  std::vector<std::string> urls;
  const std::unique_ptr<AUTHORITY_INFO_ACCESS, OpensslDeleter<AUTHORITY_INFO_ACCESS_free>> all(
      static_cast<AUTHORITY_INFO_ACCESS*>(
          X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr)));
  ERR_clear_error();
  for (int i = 0; all && i < sk_ACCESS_DESCRIPTION_num(all.get()); ++i) {
    const ACCESS_DESCRIPTION* access = sk_ACCESS_DESCRIPTION_value(all.get(), i);
    if (OBJ_obj2nid(access->method) != method || access->location->type != GEN_URI) continue;
    const ASN1_STRING* uri = access->location->d.uniformResourceIdentifier;
    const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                                static_cast<std::size_t>(ASN1_STRING_length(uri)));
    // Bytes that no URL holds would break a request line or a log.
    const bool is_url =
        std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (is_url && iequals(text.substr(0, scheme.size()), scheme)) urls.emplace_back(text);
  }
  return urls;
}

}  // namespace

std::string common_name(const X509* certificate) {
  return common_name(X509_get_subject_name(certificate));
}

std::string subject_label(const X509* certificate) {
  const auto names = dns_names(certificate);
  return label(X509_get_subject_name(certificate), names.empty() ? "" : names.front().text());
}

std::string issuer_label(const X509* certificate) {
  return label(X509_get_issuer_name(certificate), "");
}

std::optional<TimePoint> not_before(const X509* certificate) {
  return to_time_point(X509_get0_notBefore(certificate));
}

std::optional<TimePoint> not_after(const X509* certificate) {
  return to_time_point(X509_get0_notAfter(certificate));
}

std::optional<TimePoint> time_of(const ASN1_TIME* time) { return to_time_point(time); }

std::string iso_time(TimePoint time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  return iso_fields(fields);
}

std::string iso_time(const ASN1_TIME* time) {
  std::tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) {
    ERR_clear_error();
    return "an unreadable date";
  }
  return iso_fields(fields);
}

std::vector<HostPattern> dns_names(const X509* certificate) {
  std::vector<HostPattern> names;
  auto* all = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* entry = sk_GENERAL_NAME_value(all, i);
    if (entry->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(entry->d.dNSName));
    const auto length = static_cast<std::size_t>(ASN1_STRING_length(entry->d.dNSName));
    if (auto name = HostPattern::parse({text, length})) names.push_back(std::move(*name));
  }
  GENERAL_NAMES_free(all);
  ERR_clear_error();
  return names;
}

std::string address_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  return inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

std::string fingerprint(const X509* certificate) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  unsigned int length = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &length);
  return fmt::format("{:02x}", fmt::join(digest.begin(), digest.begin() + length, ""));
}

bool is_must_staple(const X509* certificate) {
  const std::unique_ptr<TLS_FEATURE, OpensslDeleter<TLS_FEATURE_free>> features(
      static_cast<TLS_FEATURE*>(X509_get_ext_d2i(certificate, NID_tlsfeature, nullptr, nullptr)));
  ERR_clear_error();
  if (!features) return false;
  for (int i = 0; i < sk_ASN1_INTEGER_num(features.get()); ++i) {
    if (ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features.get(), i)) == TLSEXT_TYPE_status_request)
      return true;
  }
  return false;
}

std::vector<std::string> ocsp_responders(const X509* certificate) {
  return access_urls(certificate, NID_ad_OCSP);
}

std::vector<std::string> issuer_urls(const X509* certificate) {
  return access_urls(certificate, NID_ad_ca_issuers);
}

bool has_https_responder(const X509* certificate) {
  return !access_urls(certificate, NID_ad_OCSP, kHttps).empty();
}

bool is_self_signed(const X509* certificate) {
  const bool self_signed = X509_self_signed(mutable_certificate(certificate), 1) == 1;
  ERR_clear_error();
  return self_signed;
}

bool has_issuer_name_of(const X509* certificate, const X509* subject) {
  return X509_NAME_cmp(X509_get_issuer_name(certificate), X509_get_subject_name(subject)) == 0;
}

bool is_signed_by(const X509* certificate, const X509* issuer) {
  EVP_PKEY* key = X509_get0_pubkey(issuer);
  const bool signed_by = key != nullptr && X509_verify(mutable_certificate(certificate), key) == 1;
  ERR_clear_error();
  return signed_by;
}

std::optional<KeyType> key_type(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
      return KeyType::ecdsa;
    case EVP_PKEY_RSA:
      return KeyType::rsa;
    case EVP_PKEY_ED25519:
      return KeyType::ed25519;
    default:
      return std::nullopt;
  }
}

std::string_view key_type_label(KeyType type) {
  switch (type) {
    case KeyType::rsa:
      return "RSA";
    case KeyType::ed25519:
      return "Ed25519";
    case KeyType::ecdsa:
      break;
  }
  return "ECDSA";
}

std::string describe_key(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
      return "EC " + group_name(key);
    case EVP_PKEY_RSA:
      return fmt::format("RSA {}", EVP_PKEY_get_bits(key));
    default: {
      const char* name = EVP_PKEY_get0_type_name(key);
      return name == nullptr ? "unknown" : name;
    }
  }
}

bool is_weak(const EVP_PKEY* key) {
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return EVP_PKEY_get_bits(key) < 2048;
    case EVP_PKEY_EC: {
      const std::string group = group_name(key);
      return group != "prime256v1" && group != "secp384r1" && group != "secp521r1";
    }
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
      return false;
    default:
      return true;
  }
}

std::optional<std::string> weak_signature(const X509* certificate) {
  int digest = NID_undef;
  int bits = 0;
  if (X509_get_signature_info(mutable_certificate(certificate), &digest, nullptr, &bits, nullptr) !=
      1) {
    ERR_clear_error();
    return "unknown";
  }
  if (bits >= kLeastSecurityBits) return std::nullopt;
  return digest == NID_undef ? "unknown" : OBJ_nid2sn(digest);
}

}  // namespace wssgate::pki
