#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wssbench/options.h"

namespace wssgate::bench {

/// What `wssbench backend` writes at the start of each message that it pushes: the message's
/// number, when it was due, and on which machine that clock runs.
struct PushStamp {
  std::uint64_t number = 0;
  TimePoint due;

  /// Of every stamp.
  static constexpr std::size_t kSize = 5 + 16 + 1 + 16 + 1 + 16;

  std::string text() const;
  /// Nothing where it is no stamp, or one of another machine.
  static std::optional<PushStamp> parse(std::string_view text);
};

}  // namespace wssgate::bench
