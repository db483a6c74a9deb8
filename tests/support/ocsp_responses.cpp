#include "support/ocsp_responses.h"

#include <openssl/err.h>

#include <stdexcept>

#include "pki/x509_facts.h"

namespace wssgate::test {
namespace {

using BasicPtr = std::unique_ptr<OCSP_BASICRESP, pki::OpensslDeleter<OCSP_BASICRESP_free>>;
using ResponsePtr = std::unique_ptr<OCSP_RESPONSE, pki::OpensslDeleter<OCSP_RESPONSE_free>>;
using IdPtr = std::unique_ptr<OCSP_CERTID, pki::OpensslDeleter<OCSP_CERTID_free>>;
using TimePtr = std::unique_ptr<ASN1_TIME, pki::OpensslDeleter<ASN1_TIME_free>>;

TimePtr asn1(std::chrono::system_clock::time_point time) {
  return TimePtr(ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(time)));
}

void add_answer(OCSP_BASICRESP* basic, const TestCertificate& leaf, const TestCertificate& issuer,
                const OcspAnswer& answer) {
  const IdPtr id(OCSP_cert_to_id(answer.hash, leaf.certificate(), issuer.certificate()));
  const TimePtr revoked_at = asn1(answer.revoked_at);
  const TimePtr this_update = asn1(answer.this_update);
  const TimePtr next_update = answer.next_update ? asn1(*answer.next_update) : nullptr;
  if (OCSP_basic_add1_status(basic, id.get(), answer.status, answer.reason, revoked_at.get(),
                             this_update.get(), next_update.get()) == nullptr) {
    throw std::runtime_error("OCSP status");
  }
}

std::string der_of(int status, OCSP_BASICRESP* basic) {
  const ResponsePtr response(OCSP_response_create(status, basic));
  unsigned char* data = nullptr;
  const int length = i2d_OCSP_RESPONSE(response.get(), &data);
  std::string der(reinterpret_cast<const char*>(data), static_cast<std::size_t>(length));
  OPENSSL_free(data);
  return der;
}

}  // namespace

std::string ocsp_response(const TestCertificate& leaf, const TestCertificate& issuer,
                          const std::vector<OcspAnswer>& answers) {
  const BasicPtr basic(OCSP_BASICRESP_new());
  for (const OcspAnswer& answer : answers) add_answer(basic.get(), leaf, issuer, answer);
  const TestCertificate* const responder = answers.front().responder;
  const TestCertificate& signer = responder == nullptr ? issuer : *responder;
  const unsigned long flags = responder == nullptr ? OCSP_NOCERTS : 0;
  if (OCSP_basic_sign(basic.get(), signer.certificate(), signer.key(), EVP_sha256(), nullptr,
                      flags) != 1) {
    throw std::runtime_error("OCSP signature");
  }
  return der_of(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get());
}

std::string ocsp_response(const TestCertificate& leaf, const TestCertificate& issuer,
                          const OcspAnswer& answer) {
  return ocsp_response(leaf, issuer, std::vector{answer});
}

std::string ocsp_refusal(int status) { return der_of(status, nullptr); }

TestCertificate ocsp_responder(const TestCertificate& issuer,
                               const std::string& extended_key_usage) {
  CertificateOptions options;
  options.common_name = "Test Responder";
  options.extended_key_usage = extended_key_usage;
  return issuer.issue(options);
}

std::shared_ptr<pki::Certificate> loaded(const TestCertificate& leaf,
                                         const TestCertificate& issuer) {
  auto made = std::make_shared<pki::Certificate>();
  const auto share = [](X509* certificate) {
    X509_up_ref(certificate);
    return pki::X509Ptr(certificate);
  };
  made->chain_file = "fullchain.pem";
  made->leaf = share(leaf.certificate());
  made->issuer = share(issuer.certificate());
  made->intermediates.push_back(share(issuer.certificate()));
  EVP_PKEY_up_ref(leaf.key());
  made->key.reset(leaf.key());
  made->key_type = *pki::key_type(leaf.key());
  made->fingerprint = pki::fingerprint(leaf.certificate());
  made->must_staple = pki::is_must_staple(leaf.certificate());
  made->names = pki::dns_names(leaf.certificate());
  made->not_before = *pki::not_before(leaf.certificate());
  made->not_after = *pki::not_after(leaf.certificate());
  return made;
}

}  // namespace wssgate::test
