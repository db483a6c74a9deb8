#include "pki/ocsp.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "pki/openssl_ptr.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

using RequestPtr = std::unique_ptr<OCSP_REQUEST, OpensslDeleter<OCSP_REQUEST_free>>;
using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, OpensslDeleter<OCSP_RESPONSE_free>>;
using BasicPtr = std::unique_ptr<OCSP_BASICRESP, OpensslDeleter<OCSP_BASICRESP_free>>;
using IdPtr = std::unique_ptr<OCSP_CERTID, OpensslDeleter<OCSP_CERTID_free>>;

// What clocks of machines that are looked after may differ by.
constexpr std::chrono::minutes kClockTolerance{5};
// What TLS servers and the chain's members are held to: 112 bits.

OcspVerdict unusable(std::string why) {
  OcspVerdict verdict;
  verdict.why = std::move(why);
  return verdict;
}

ResponsePtr decode(std::string_view der) {
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = data + der.size();
  ResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &data, static_cast<long>(der.size())));
  // Clients would be sent what follows, too.
  return data == end ? std::move(response) : nullptr;
}

template <class T>
std::string encode(const T* object, int (*to_der)(const T*, unsigned char**)) {
  unsigned char* data = nullptr;
  const int length = to_der(object, &data);
  std::string der;
  if (length > 0) der.assign(reinterpret_cast<const char*>(data), static_cast<std::size_t>(length));
  OPENSSL_free(data);
  return der;
}

// OpenSSL reads, and verifies, some encodings that are not DER; other clients do not.
bool is_strict(std::string_view der, const OCSP_RESPONSE* response, const OCSP_BASICRESP* basic) {
  return encode(response, i2d_OCSP_RESPONSE) == der &&
         der.ends_with(encode(basic, i2d_OCSP_BASICRESP));  // which is its last part
}

// For verification nothing is trusted but the issuer, which need not be a root.
StorePtr store_of(X509* issuer, TimePoint now) {
  StorePtr store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), issuer);
  X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM* parameters = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_time(parameters, std::chrono::system_clock::to_time_t(now));
  X509_VERIFY_PARAM_set_auth_level(parameters, kSecurityLevel);
  return store;
}

bool is_signed_for(OCSP_BASICRESP* basic, const Certificate& certificate, TimePoint now) {
  const StorePtr store = store_of(certificate.issuer.get(), now);
  const BorrowingStack signers(sk_X509_new_null());
  sk_X509_push(signers.get(), certificate.issuer.get());
  // OCSP_NOEXPLICIT: a root's own word for other responders does not count.
  return OCSP_basic_verify(basic, signers.get(), store.get(), OCSP_NOEXPLICIT) == 1;
}

std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "not verified" : reason;
}

// The response chose the hash; ours is made with the same.
bool is_for(const OCSP_SINGLERESP* single, const Certificate& certificate) {
  // OCSP_id_get0_info only hands out pointers.
  auto* theirs = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
  ASN1_OBJECT* hash = nullptr;
  OCSP_id_get0_info(nullptr, &hash, nullptr, nullptr, theirs);
  const EVP_MD* digest = EVP_get_digestbyobj(hash);
  if (digest == nullptr) return false;
  const IdPtr ours(OCSP_cert_to_id(digest, certificate.leaf.get(), certificate.issuer.get()));
  return ours && OCSP_id_cmp(ours.get(), theirs) == 0;
}

std::string reason_text(int reason) {
  if (reason < 0) return "the CA gives no reason";
  return printable(OCSP_crl_reason_str(reason), 64);
}

OcspVerdict judge_times(const ASN1_GENERALIZEDTIME* this_update,
                        const ASN1_GENERALIZEDTIME* next_update, TimePoint now) {
  const auto from = time_of(this_update);
  if (!from) return unusable("its time does not decode (thisUpdate)");
  if (next_update == nullptr) {
    return unusable(
        "it does not say when it ends (no nextUpdate), so that nobody sees it go stale");
  }
  const auto until = time_of(next_update);
  if (!until) return unusable("its time does not decode (nextUpdate)");
  if (*until <= *from) {
    return unusable(
        fmt::format("it ends at {}, before it begins, at {}", iso_time(*until), iso_time(*from)));
  }
  if (now >= *until) return unusable(fmt::format("it expired at {}", iso_time(*until)));
  if (now + kClockTolerance < *from) {
    return unusable(
        fmt::format("it is not valid before {}; check this machine's clock", iso_time(*from)));
  }
  OcspVerdict verdict;
  verdict.this_update = *from;
  verdict.next_update = *until;
  return verdict;
}

OcspVerdict judge_single(OCSP_SINGLERESP* single, TimePoint now) {
  int reason = -1;
  ASN1_GENERALIZEDTIME* revoked_at = nullptr;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  const int status =
      OCSP_single_get0_status(single, &reason, &revoked_at, &this_update, &next_update);
  OcspVerdict verdict = judge_times(this_update, next_update, now);
  if (!verdict.why.empty()) return verdict;
  switch (status) {
    case V_OCSP_CERTSTATUS_GOOD:
      verdict.status = OcspStatus::good;
      return verdict;
    case V_OCSP_CERTSTATUS_REVOKED:
      verdict.status = OcspStatus::revoked;
      verdict.why = fmt::format("the CA revoked the certificate at {}: {}", iso_time(revoked_at),
                                reason_text(reason));
      return verdict;
    default:
      return unusable("the CA's responder does not know the certificate (status unknown)");
  }
}

// A response may name a certificate more than once, by several hashes. The worst answer counts.
OcspVerdict judge_singles(OCSP_BASICRESP* basic, const Certificate& certificate, TimePoint now) {
  std::optional<OcspVerdict> verdict;
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic, i);
    if (!is_for(single, certificate)) continue;
    OcspVerdict found = judge_single(single, now);
    if (found.status == OcspStatus::revoked) return found;
    const bool worse =
        !verdict || found.status == OcspStatus::unusable ||
        (verdict->status == OcspStatus::good && found.next_update < verdict->next_update);
    if (worse) verdict = std::move(found);
  }
  if (verdict) return *std::move(verdict);
  return unusable("it is about another certificate, not this one");
}

OcspVerdict judge_basic(OCSP_BASICRESP* basic, const Certificate& certificate, TimePoint now) {
  if (!is_signed_for(basic, certificate, now)) {
    const std::string issuer = subject_label(certificate.issuer.get());
    return unusable(
        fmt::format("its signature is neither by '{0}' nor by a responder that '{0}' certified for "
                    "OCSP signing ({1})",
                    issuer, last_reason()));
  }
  return judge_singles(basic, certificate, now);
}

OcspVerdict judge_response(std::string_view der, const Certificate& certificate, TimePoint now) {
  if (!certificate.issuer) return unusable("the certificate is self-signed, nobody vouches for it");
  if (der.empty()) return unusable("it is empty");
  if (der.size() > kLargestOcspResponse) return unusable("it is larger than 64 KiB");
  const ResponsePtr response = decode(der);
  if (!response) return unusable("it is no OCSP response: its DER does not decode");
  const int status = OCSP_response_status(response.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return unusable(fmt::format("the responder refused the request with '{}'",
                                OCSP_response_status_str(status)));
  }
  const BasicPtr basic(OCSP_response_get1_basic(response.get()));
  if (!basic) return unusable("it is of no kind that clients know (not a basic response)");
  if (!is_strict(der, response.get(), basic.get())) {
    return unusable("it is not in strict DER, and clients need not take it");
  }
  return judge_basic(basic.get(), certificate, now);
}

}  // namespace

std::string ocsp_request(const Certificate& certificate) {
  if (!certificate.issuer) return {};
  const RequestPtr request(OCSP_REQUEST_new());
  IdPtr id(OCSP_cert_to_id(EVP_sha1(), certificate.leaf.get(), certificate.issuer.get()));
  std::string der;
  if (id && OCSP_request_add0_id(request.get(), id.get()) != nullptr) {
    (void)id.release();  // the request's now
    der = encode(request.get(), i2d_OCSP_REQUEST);
  }
  ERR_clear_error();
  return der;
}

OcspVerdict judge_ocsp_response(std::string_view der, const Certificate& certificate,
                                TimePoint now) {
  ERR_clear_error();
  OcspVerdict verdict = judge_response(der, certificate, now);
  ERR_clear_error();
  if (verdict.status == OcspStatus::good) {
    Staple staple{std::string(der), verdict.this_update, verdict.next_update};
    verdict.staple = std::make_shared<const Staple>(std::move(staple));
  }
  return verdict;
}

std::optional<TimePoint> end_of_ocsp_response(std::string_view der) {
  const ResponsePtr response = decode(der);
  const BasicPtr basic(response ? OCSP_response_get1_basic(response.get()) : nullptr);
  std::optional<TimePoint> last;
  for (int i = 0; basic && i < OCSP_resp_count(basic.get()); ++i) {
    ASN1_GENERALIZEDTIME* next_update = nullptr;
    OCSP_single_get0_status(OCSP_resp_get0(basic.get(), i), nullptr, nullptr, nullptr,
                            &next_update);
    last = std::max(last, time_of(next_update));
  }
  ERR_clear_error();
  return last;
}

}  // namespace wssgate::pki
