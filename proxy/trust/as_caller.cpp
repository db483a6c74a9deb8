#include "trust/as_caller.h"

#include <grp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace wssgate::trust {

// The groups first and last: it takes root's rights to change them.
AsCaller::AsCaller(const Places& places) : active_(places.caller.has_value()) {
  if (!active_) return;
  const Identity& caller = *places.caller;
  groups_.resize(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
  const int count = ::getgroups(static_cast<int>(groups_.size()), groups_.data());
  const bool become = count >= 0 && ::initgroups(caller.name.c_str(), caller.group) == 0 &&
                      ::setegid(caller.group) == 0 && ::seteuid(caller.user) == 0;
  if (!become) {
    throw std::system_error(errno, std::generic_category(), "cannot act as the caller of sudo");
  }
}

AsCaller::~AsCaller() {
  if (!active_) return;
  // It may not fail, for root is what we are; as somebody else nothing would be right.
  if (::seteuid(0) != 0 || ::setegid(0) != 0 || ::setgroups(groups_.size(), groups_.data()) != 0) {
    std::abort();
  }
}

}  // namespace wssgate::trust
