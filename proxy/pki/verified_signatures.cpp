#include "pki/verified_signatures.h"

#include "pki/x509_facts.h"

namespace wssgate::pki {

bool VerifiedSignatures::verify(X509* certificate, X509* issuer) {
  const std::pair pair(certificate, issuer);
  {
    const std::lock_guard lock(mutex_);
    if (verified_.count(pair) != 0) return true;
  }
  if (!is_signed_by(certificate, issuer)) return false;
  const std::lock_guard lock(mutex_);
  verified_.try_emplace(pair, Pair{share(certificate), share(issuer)});
  return true;
}

}  // namespace wssgate::pki
