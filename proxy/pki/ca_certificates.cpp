#include "pki/ca_certificates.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

namespace wssgate::pki {
namespace {

std::string der_of(const X509* certificate) {
  const int length = i2d_X509(certificate, nullptr);
  if (length <= 0) return {};
  std::string der(static_cast<std::size_t>(length), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509(certificate, &out);
  return der;
}

}  // namespace

X509Ptr CaCertificates::decode(const PemBlock& block) {
  const std::string der = decode_pem(block);
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = by_der_.find(der); known != by_der_.end()) {
      return share(known->second.get());
    }
  }
  const auto* data = reinterpret_cast<const unsigned char*>(der.data());
  X509Ptr certificate(d2i_X509(nullptr, &data, static_cast<long>(der.size())));
  ERR_clear_error();
  if (!certificate || X509_check_ca(certificate.get()) == 0) return certificate;
  const std::lock_guard lock(mutex_);
  const auto [known, fresh] = by_der_.emplace(der, share(certificate.get()));
  return share(known->second.get());  // another thread may have been first
}

void CaCertificates::add(X509* certificate) {
  std::string der = der_of(certificate);
  const std::lock_guard lock(mutex_);
  if (!der.empty()) by_der_.emplace(std::move(der), share(certificate));
}

}  // namespace wssgate::pki
