#include "base/errno_text.h"

#include <cerrno>
#include <system_error>

namespace wssgate {

std::string errno_text(int error) { return std::system_category().message(error); }

void throw_errno(const char* call) { throw std::system_error(errno, std::system_category(), call); }

}  // namespace wssgate
