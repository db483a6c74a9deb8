#pragma once

#include <cstdio>
#include <cstdlib>

namespace wssgate::fuzz {

/// An invariant of a fuzz target: says which one broke and aborts, in every build.
inline void require(bool holds, const char* invariant) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", invariant);
  std::abort();
}

}  // namespace wssgate::fuzz

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, unsigned long size);
