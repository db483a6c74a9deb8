#include "trust/as_caller.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace wssgate::trust {

// The group first and last: it takes root's rights to change it.
AsCaller::AsCaller(const Places& places) : active_(places.caller.has_value()) {
  if (!active_) return;
  if (::setegid(places.caller->group) != 0 || ::seteuid(places.caller->user) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot act as the caller of sudo");
  }
}

AsCaller::~AsCaller() {
  if (!active_) return;
  // It may not fail, for root is what we are; as somebody else nothing would be right.
  if (::seteuid(0) != 0 || ::setegid(0) != 0) std::abort();
}

}  // namespace wssgate::trust
