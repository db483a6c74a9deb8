#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

/// OpenSSL's counted and owned objects, freed when their owner goes.
namespace wssgate::pki {

template <auto kFree>
struct OpensslDeleter {
  template <class T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};
/// For the stacks of certificates that only borrow their members.
struct BorrowingStackDeleter {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

using X509Ptr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using StorePtr = std::unique_ptr<X509_STORE, OpensslDeleter<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, OpensslDeleter<X509_STORE_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;
using BorrowingStack = std::unique_ptr<STACK_OF(X509), BorrowingStackDeleter>;

/// Another owner of the same certificate; null of null.
inline X509Ptr share(X509* certificate) {
  if (certificate != nullptr) X509_up_ref(certificate);
  return X509Ptr(certificate);
}

/// Reads from `bytes` without copying them. At most INT_MAX of them.
inline BioPtr memory_bio(std::string_view bytes) {
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

}  // namespace wssgate::pki
