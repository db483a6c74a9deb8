#pragma once

#include <sys/types.h>

#include <vector>

#include "trust/places.h"

namespace wssgate::trust {

/// While this lives, a process that was called through sudo acts as who called it, so that what it
/// makes in a folder of theirs is theirs; any other process stays what it is. The whole process:
/// before there are other threads. Throws std::system_error.
class AsCaller {
 public:
  explicit AsCaller(const Places& places);
  ~AsCaller();
  AsCaller(const AsCaller&) = delete;
  AsCaller& operator=(const AsCaller&) = delete;

 private:
  bool active_;
  /// Root's own further ones.
  std::vector<gid_t> groups_;
};

}  // namespace wssgate::trust
