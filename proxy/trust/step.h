#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace wssgate::trust {

enum class Outcome : std::uint8_t {
  done,       ///< the store has been changed
  unchanged,  ///< it was as it should be already
  absent,     ///< there is no such store here
  failed,     ///< it is here, and it is not as it should be
  needs_root  ///< likewise, for it belongs to the system
};

/// What came of one store.
struct Step {
  /// For a person: "system", "Chromium", "Firefox", "Java".
  std::string store;
  Outcome outcome = Outcome::done;
  /// Which file or folder, or why.
  std::string what;
  /// What to do about a failure; empty otherwise.
  std::string remedy;

  bool failed() const { return outcome == Outcome::failed || outcome == Outcome::needs_root; }
};

using Steps = std::vector<Step>;

}  // namespace wssgate::trust
