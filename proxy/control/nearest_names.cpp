#include "control/nearest_names.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "gateway/snapshot.h"

namespace wssgate::control {
namespace {

std::vector<std::string> configured_names(const gateway::Snapshot& snapshot) {
  std::vector<std::string> names;
  snapshot.sites.for_each(
      [&](const std::string& name, const gateway::Site&) { names.push_back(name); });
  return names;
}

}  // namespace

std::vector<std::optional<std::string>> NearestNames::of(
    const std::vector<std::string>& names,
    const std::shared_ptr<const gateway::Snapshot>& snapshot) {
  if (snapshot_.lock() != snapshot) {
    snapshot_ = snapshot;
    found_.clear();
  }
  if (found_.size() + names.size() > kMostKept) found_.clear();
  std::vector<std::optional<std::string>> nearest_ones;
  std::vector<std::string> owned;
  std::vector<std::string_view> configured;  // only where there is something new
  std::size_t left = 0;
  for (const std::string& name : names) {
    auto found = found_.find(name);
    if (found == found_.end()) {
      if (owned.empty()) {
        owned = configured_names(*snapshot);
        configured.assign(owned.begin(), owned.end());
        left = std::max<std::size_t>(1, kMostCompared / std::max<std::size_t>(1, owned.size()));
      }
      if (left > 0) {
        --left;
        found = found_.emplace(name, nearest(name, configured)).first;
      }
    }
    nearest_ones.push_back(found == found_.end() ? std::nullopt : std::optional(found->second));
  }
  return nearest_ones;
}

}  // namespace wssgate::control
