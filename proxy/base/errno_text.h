#pragma once

#include <string>

namespace wssgate {

/// What the system says of an errno: "No such file or directory". On any thread.
std::string errno_text(int error);

/// errno as a std::system_error whose text begins with `call`.
[[noreturn]] void throw_errno(const char* call);

}  // namespace wssgate
