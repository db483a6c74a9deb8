#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "pki/certificate.h"

namespace wssgate::pki {

/// The certificate that wssgate shows to an upstream, with its key, proven. Immutable.
struct ClientIdentity {
  X509Ptr leaf;
  /// In the order they are sent; no root.
  std::vector<X509Ptr> intermediates;
  KeyPtr key;

  /// From a PEM full chain and its key: files readable, key not readable by others and that of the
  /// certificate, the chain in order, dates and strength good at `now`, fit for a client. Whether
  /// its CA is known is the upstream's to say. Problems go to `report`; null if any.
  static std::shared_ptr<const ClientIdentity> load(const CertificateSource& source,
                                                    std::chrono::system_clock::time_point now,
                                                    Report& report);

  /// Equal for the same certificates.
  std::string digest_text() const;
};

}  // namespace wssgate::pki
