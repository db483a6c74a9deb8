#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace wssgate::gateway {
struct Snapshot;
}

namespace wssgate::control {

/// The configured names most like refused ones, looked for among all there are: a worker's log line
/// has time for some of them only. What was found is kept while the configuration serves. Belongs
/// to the control thread.
class NearestNames {
 public:
  static constexpr std::size_t kMostKept = 1'024;
  /// For one answer, so that made-up names keep nothing waiting: some 20 ms.
  static constexpr std::size_t kMostCompared = 200'000;

  /// Of each of `names`: empty where none is near, nothing where it has not been looked for yet. At
  /// least one is looked for, from the front.
  std::vector<std::optional<std::string>> of(
      const std::vector<std::string>& names,
      const std::shared_ptr<const gateway::Snapshot>& snapshot);
  std::size_t kept() const { return found_.size(); }

 private:
  /// Whose names the found ones are.
  std::weak_ptr<const gateway::Snapshot> snapshot_;
  std::unordered_map<std::string, std::string> found_;
};

}  // namespace wssgate::control
