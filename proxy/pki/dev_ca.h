#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"

namespace wssgate::pki {

/// What `wssgate dev` serves with, and the root that its clients are to trust.
struct DevCertificate {
  std::string ca_file;
  std::string chain_file;
  std::string key_file;
  /// The CA was made just now: whoever trusted an earlier one has to trust this one.
  bool ca_is_new = false;
};

/// The development CA of `folder` and a certificate of it for `names`, made where they are missing.
///
/// folder/dev-ca/{ca.pem,ca.key}: a root limited by name constraints to localhost, .test,
/// .localhost, .internal, loopback and private addresses, and the names that were asked for when
/// it was made. It is kept, except when it is damaged, is about to end, or may not certify a name.
/// folder/dev/{fullchain.pem,privkey.pem}: re-made when the names differ, the CA does, or less
/// than a third of its life is left at `now`.
///
/// `names` are DNS names ("*.dev.test" too) and IP literals; at least one is a DNS name, since the
/// server name of a handshake is never an address. Keys have mode 0600 from their first byte.
Result<DevCertificate> ensure_dev_certificate(const std::string& folder,
                                              const std::vector<std::string>& names,
                                              std::chrono::system_clock::time_point now);

}  // namespace wssgate::pki
