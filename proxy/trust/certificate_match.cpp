#include "trust/certificate_match.h"

#include <openssl/err.h>

#include <algorithm>
#include <vector>

#include "pki/pem_file.h"
#include "pki/x509_facts.h"

namespace wssgate::trust {
namespace {

bool is(const pki::PemBlock& block, const std::string& fingerprint) {
  if (!pki::is_certificate_label(block.label)) return false;
  const pki::X509Ptr certificate = pki::decode_certificate(block);
  ERR_clear_error();
  return certificate && pki::fingerprint(certificate.get()) == fingerprint;
}

}  // namespace

bool is_certificate(std::string_view pem, const std::string& fingerprint) {
  const auto blocks = pki::split_pem(pem);
  return !blocks.empty() && is(blocks.front(), fingerprint);
}

bool is_only_certificate(std::string_view pem, const std::string& fingerprint) {
  const auto blocks = pki::split_pem(pem);
  return blocks.size() == 1 && is(blocks.front(), fingerprint);
}

bool holds_certificate(std::string_view pem, const std::string& fingerprint) {
  const auto blocks = pki::split_pem(pem);
  return std::any_of(blocks.begin(), blocks.end(),
                     [&](const pki::PemBlock& block) { return is(block, fingerprint); });
}

}  // namespace wssgate::trust
