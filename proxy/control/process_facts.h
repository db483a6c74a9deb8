#pragma once

#include <cstdint>

namespace wssgate::control {

/// What the kernel says of this process. 0 where it does not say.
struct ProcessFacts {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_descriptors = 0;
  std::uint64_t most_descriptors = 0;
};

ProcessFacts process_facts();

}  // namespace wssgate::control
