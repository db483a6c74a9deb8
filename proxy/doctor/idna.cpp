#include "doctor/idna.h"

#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <memory>

namespace wssgate::doctor {
namespace {

// From idn2.h, whose library is only loaded where a name needs it, as the C library does.
constexpr int kNfcInput = 1;
constexpr int kNonTransitional = 8;
constexpr int kOk = 0;
using Lookup = int (*)(const std::uint8_t* name, std::uint8_t** found, int flags);

struct Closer {
  void operator()(void* library) const { ::dlclose(library); }
};
struct Freer {
  void operator()(std::uint8_t* text) const { std::free(text); }
};

}  // namespace

std::optional<std::string> to_a_labels(const std::string& name) {
  const std::unique_ptr<void, Closer> library(::dlopen("libidn2.so.0", RTLD_NOW | RTLD_LOCAL));
  if (!library) return std::nullopt;
  const auto lookup = reinterpret_cast<Lookup>(::dlsym(library.get(), "idn2_lookup_u8"));
  if (lookup == nullptr) return std::nullopt;
  std::uint8_t* found = nullptr;
  const int done = lookup(reinterpret_cast<const std::uint8_t*>(name.c_str()), &found,
                          kNfcInput | kNonTransitional);
  const std::unique_ptr<std::uint8_t, Freer> owner(found);
  if (done != kOk || !owner) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(owner.get()));
}

}  // namespace wssgate::doctor
