#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "pki/trust.h"

namespace wssgate::pki {

/// What the certificates of an upstream must lead to.
struct UpstreamTrust {
  StorePtr store;
  /// Equal for the same CAs.
  std::string digest;

  /// The CAs of a PEM file, and only those, each trusted by itself, whether it is a root or not. A
  /// self-signed server certificate may stand there too. Problems go to `report`; nothing if any.
  static std::optional<UpstreamTrust> load(const NamedPath& file,
                                           std::chrono::system_clock::time_point now,
                                           Report& report);
  /// The roots that our own chains must end in: the system's and certificates.roots.
  static UpstreamTrust of(const TrustAnchors& anchors);
};

}  // namespace wssgate::pki
