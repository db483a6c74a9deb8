#pragma once

#include <cstdint>
#include <string_view>

namespace wssgate::nginx {

enum class Fate : std::uint8_t {
  understood,  ///< read where it applies; what is wrong with it is told there
  note,        ///< wssgate does it by itself, or has no need of it
  lost,
};

/// What becomes of a directive, wherever it stands.
struct Policy {
  Fate fate;
  /// What it does, as a few words.
  std::string_view what;
  /// What wssgate does instead, or what to do.
  std::string_view why;
};

/// Null for a directive that nobody has thought of.
const Policy* policy_of(std::string_view name);

}  // namespace wssgate::nginx
