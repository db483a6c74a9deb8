#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace wssgate::pki {

/// A verified OCSP response that says "good" for one certificate (RFC 6960). Immutable.
struct Staple {
  std::string der;
  std::chrono::system_clock::time_point this_update;
  /// From here on it is worth nothing.
  std::chrono::system_clock::time_point next_update;
};

/// Where the handshakes of one certificate find its staple, and whoever fetches it puts it. Lives
/// as long as the certificate is in use, across reloads. Any thread.
class StapleSlot {
 public:
  /// The staple, if there is one that is still worth something at `now`; else null.
  std::shared_ptr<const Staple> good(std::chrono::system_clock::time_point now) const;
  /// The CA says that the certificate is revoked.
  bool revoked() const;

  void set(std::shared_ptr<const Staple> staple);
  /// There is no staple from now on.
  void set_revoked();

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Staple> staple_;
  bool revoked_ = false;
};

/// The slots in use, by the fingerprint of their certificate: whoever builds the same certificate
/// into the next configuration gets the same slot, with the staple that is in it. Any thread.
class StapleBook {
 public:
  std::shared_ptr<StapleSlot> slot(const std::string& fingerprint);

 private:
  void forget_unused();

  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<StapleSlot>> slots_;
  std::size_t enough_ = 64;
};

}  // namespace wssgate::pki
