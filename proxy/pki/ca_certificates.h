#pragma once

#include <mutex>
#include <string>
#include <unordered_map>

#include "pki/openssl_ptr.h"
#include "pki/pem_file.h"

namespace wssgate::pki {

/// One object for one certificate of a CA, however many chain files hold it: thousands of hosts
/// have the same few intermediates. Any thread.
class CaCertificates {
 public:
  /// What the block holds, shared if it is a CA's; null when the block is damaged.
  X509Ptr decode(const PemBlock& block);
  /// One that is in use already.
  void add(X509* certificate);

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, X509Ptr> by_der_;
};

}  // namespace wssgate::pki
