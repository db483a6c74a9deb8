#include "pki/session_tickets.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace wssgate::pki {
namespace {

constexpr std::size_t kNameBytes = std::tuple_size_v<decltype(TicketSecret::name)>;
constexpr std::size_t kIvBytes = 16;
constexpr std::size_t kKeyBytes = 32;

// What OpenSSL takes the callback's answer for.
constexpr int kFailed = -1;
constexpr int kNoTicket = 0;
constexpr int kUse = 1;
constexpr int kUseAndRenew = 2;

/// What a context needs to seal and open its tickets; owned by it.
struct TicketTerms {
  std::shared_ptr<const TicketKeys> keys;
  TermsDigest terms;
};

void free_terms(void*, void* terms, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<TicketTerms*>(terms);
}

int terms_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_terms);
  return index;
}

/// Fetched once: by EVP_aes_256_cbc() OpenSSL would look it up, under a lock, for each ticket.
const EVP_CIPHER* ticket_cipher() {
  static const EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return cipher;
}

/// The keys of one context under one secret; wiped when they go.
class DerivedKeys {
 public:
  DerivedKeys(const TicketSecret& secret, const TermsDigest& terms) {
    constexpr std::string_view kPurpose = "wssgate ticket keys 1";
    std::array<std::uint8_t, kPurpose.size() + std::tuple_size_v<TermsDigest>> message{};
    const auto rest = std::copy(kPurpose.begin(), kPurpose.end(), message.begin());
    std::copy(terms.begin(), terms.end(), rest);
    const std::unique_ptr<EVP_MAC_CTX, OpensslDeleter<EVP_MAC_CTX_free>> hmac(
        EVP_MAC_CTX_dup(secret.hmac.get()));
    std::size_t length = 0;
    derived_ = hmac && EVP_MAC_update(hmac.get(), message.data(), message.size()) == 1 &&
               EVP_MAC_final(hmac.get(), bytes_.data(), &length, bytes_.size()) == 1;
  }
  DerivedKeys(const DerivedKeys&) = delete;
  DerivedKeys& operator=(const DerivedKeys&) = delete;
  ~DerivedKeys() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  bool start(EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, const unsigned char* iv, bool seal) {
    // OSSL_PARAMs are not const, but nothing writes to these.
    std::array<char, 7> digest = {"SHA256"};
    const std::array parameters = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, bytes_.data() + kKeyBytes, kKeyBytes),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    return derived_ &&
           EVP_CipherInit_ex(cipher, ticket_cipher(), nullptr, bytes_.data(), iv, seal ? 1 : 0) ==
               1 &&
           EVP_MAC_CTX_set_params(mac, parameters.data()) == 1;
  }

 private:
  std::array<std::uint8_t, 2 * kKeyBytes> bytes_{};
  bool derived_ = false;
};

int seal(const TicketTerms& own, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac) {
  const TicketSecret& secret = own.keys->ring().front();
  if (RAND_bytes(iv, kIvBytes) != 1) return kFailed;
  std::memcpy(name, secret.name.data(), kNameBytes);
  return DerivedKeys(secret, own.terms).start(cipher, mac, iv, true) ? kUse : kFailed;
}

int open(const TicketTerms& own, bool is_tls13, const unsigned char* name, const unsigned char* iv,
         EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const TicketRing& ring = own.keys->ring();
  const auto secret = std::find_if(ring.begin(), ring.end(), [&](const TicketSecret& each) {
    return std::equal(each.name.begin(), each.name.end(), name);
  });
  if (secret == ring.end()) return kNoTicket;
  if (!DerivedKeys(*secret, own.terms).start(cipher, mac, iv, false)) return kFailed;
  // A TLS 1.3 client uses a ticket once, so that nobody can link its connections by it (RFC 8446
  // §C.4): it gets another one each time.
  return secret == ring.begin() && !is_tls13 ? kUse : kUseAndRenew;
}

int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int sealing) {
  const auto* own =
      static_cast<const TicketTerms*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), terms_index()));
  if (own == nullptr) return kFailed;
  if (sealing == 1) return seal(*own, name, iv, cipher, mac);
  return open(*own, SSL_version(ssl) == TLS1_3_VERSION, name, iv, cipher, mac);
}

}  // namespace

bool seal_tickets(SSL_CTX* context, std::shared_ptr<const TicketKeys> keys,
                  const TermsDigest& terms) {
  auto own = std::make_unique<TicketTerms>(TicketTerms{std::move(keys), terms});
  const std::unique_ptr<TicketTerms> before(
      static_cast<TicketTerms*>(SSL_CTX_get_ex_data(context, terms_index())));
  if (SSL_CTX_set_ex_data(context, terms_index(), own.get()) != 1) return false;
  own.release();  // NOLINT(*-unused-return-value): the context owns it now
  SSL_CTX_set_timeout(context, std::chrono::seconds(kTicketLifetime).count());
  return SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1;
}

}  // namespace wssgate::pki
