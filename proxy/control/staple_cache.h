#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

namespace wssgate::control {

/// The folder that keeps OCSP responses across restarts: <fingerprint>.der, as they came. What is
/// read from it is judged anew. A folder that cannot be written costs one warning. Any thread.
class StapleCache {
 public:
  /// Empty: keeps nothing.
  explicit StapleCache(std::string folder) : folder_(std::move(folder)) {}

  std::optional<std::string> load(const std::string& fingerprint) const;
  void save(const std::string& fingerprint, const std::string& der);
  /// Removes the responses that have expired at `now`. Others' files are left alone.
  void purge(std::chrono::system_clock::time_point now);

 private:
  std::string path(const std::string& fingerprint) const;

  std::string folder_;
  std::atomic<bool> warned_{false};
};

}  // namespace wssgate::control
