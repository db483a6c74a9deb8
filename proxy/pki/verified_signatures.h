#pragma once

#include <map>
#include <mutex>
#include <utility>

#include "pki/openssl_ptr.h"

namespace wssgate::pki {

/// Which certificates have been seen to be signed by which, so that each signature is verified
/// once: thousands of chains have the same upper end, and each chain is looked at twice. Knows
/// certificates by their objects, which it keeps. Any thread.
class VerifiedSignatures {
 public:
  /// The signature of `certificate` was made with the key of `issuer`.
  bool verify(X509* certificate, X509* issuer);

 private:
  struct Pair {
    X509Ptr certificate;
    X509Ptr issuer;
  };

  std::mutex mutex_;
  std::map<std::pair<X509*, X509*>, Pair> verified_;
};

}  // namespace wssgate::pki
