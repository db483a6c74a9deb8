#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace wssgate::bench {

/// A ws://, wss://, http:// or https:// URL taken apart.
struct Url {
  std::string text;
  bool secure = false;
  /// Without brackets: a name or an IP address.
  std::string host;
  std::uint16_t port = 0;
  /// Path and query, "/" at least; what stands behind '#' is dropped.
  std::string target;

  /// What the Host field says: the port only where it is not the scheme's own.
  std::string authority() const;

  /// Error: internal_error with a sentence for the command line.
  static Result<Url> parse(std::string_view text);
};

}  // namespace wssgate::bench
