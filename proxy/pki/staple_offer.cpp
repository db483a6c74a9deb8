#include "pki/staple_offer.h"

#include <openssl/crypto.h>
#include <openssl/tls1.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

namespace wssgate::pki {
namespace {

using Offers = std::vector<ServedCertificate>;

void free_offers(void*, void* offers, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Offers*>(offers);
}

int offers_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_offers);
  return index;
}

// The context shares its certificates with the terms it was made of: they are the same objects.
std::shared_ptr<const Staple> staple_of(const X509* chosen, const Offers& offers) {
  const auto offer = std::find_if(offers.begin(), offers.end(), [&](const ServedCertificate& each) {
    return each.certificate->leaf.get() == chosen;
  });
  if (offer == offers.end() || !offer->staple) return nullptr;
  return offer->staple->good(std::chrono::system_clock::now());
}

// OpenSSL asks once it has chosen the certificate, and only if the client wants a status.
int staple(SSL* ssl, void* offers) {
  const auto found = staple_of(SSL_get_certificate(ssl), *static_cast<const Offers*>(offers));
  if (!found) return SSL_TLSEXT_ERR_NOACK;
  void* copy = OPENSSL_memdup(found->der.data(), found->der.size());
  if (copy == nullptr) return SSL_TLSEXT_ERR_NOACK;
  // The SSL frees the copy. What SSL_set_tlsext_status_ocsp_resp does, without its C cast.
  SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, static_cast<long>(found->der.size()),
           copy);
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

bool offer_staples(SSL_CTX* context, const std::vector<ServedCertificate>& certificates) {
  auto offers = std::make_unique<Offers>(certificates);
  if (SSL_CTX_set_ex_data(context, offers_index(), offers.get()) != 1) return false;
  // What the macros SSL_CTX_set_tlsext_status_cb and _arg do, without their C casts.
  SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                        reinterpret_cast<void (*)()>(staple));
  SSL_CTX_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB_ARG, 0, offers.release());
  return true;
}

}  // namespace wssgate::pki
