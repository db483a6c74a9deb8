#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/error.h"
#include "base/units.h"

namespace wssgate::gateway {

struct AccessRecord;

/// How tunnels have ended.
struct TunnelEnd {
  Side by = Side::proxy;
  Reason reason = Reason::none;
  /// Of the Close frame of who ended it; 0 where it sent none.
  std::uint16_t code = 0;
  static TunnelEnd of(const AccessRecord& record);
  auto operator<=>(const TunnelEnd&) const = default;  // NOLINT(modernize-use-nullptr): misread
};

/// How often tunnels have ended in each way, and how long they had been open together. Codes are a
/// peer's choice, so that the ways beyond some are counted without theirs.
class TunnelCounts {
 public:
  struct Count {
    std::uint64_t tunnels = 0;
    Duration open{0};
  };

  void add(const AccessRecord& record);
  void add(const TunnelCounts& others);
  const std::map<TunnelEnd, Count>& by_end() const { return counts_; }

 private:
  Count& at(TunnelEnd end);

  std::map<TunnelEnd, Count> counts_;
};

}  // namespace wssgate::gateway
