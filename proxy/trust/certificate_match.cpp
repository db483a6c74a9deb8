#include "trust/certificate_match.h"

#include <openssl/err.h>

#include "pki/pem_file.h"
#include "pki/x509_facts.h"

namespace wssgate::trust {
namespace {

bool has(const std::vector<pki::PemBlock>& blocks, const std::string& fingerprint) {
  if (blocks.empty() || !pki::is_certificate_label(blocks.front().label)) return false;
  const pki::X509Ptr certificate = pki::decode_certificate(blocks.front());
  ERR_clear_error();
  return certificate && pki::fingerprint(certificate.get()) == fingerprint;
}

}  // namespace

bool is_certificate(std::string_view pem, const std::string& fingerprint) {
  return has(pki::split_pem(pem), fingerprint);
}

bool is_only_certificate(std::string_view pem, const std::string& fingerprint) {
  const auto blocks = pki::split_pem(pem);
  return blocks.size() == 1 && has(blocks, fingerprint);
}

}  // namespace wssgate::trust
