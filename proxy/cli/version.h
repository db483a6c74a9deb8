#pragma once

#include <string>
#include <string_view>

namespace wssgate::cli {

/// What `wssgate --version` prints: the version and, where it is not empty, the commit; then a line
/// for each library, with the version that runs. OpenSSL is linked at run time: where it was
/// another one at the build, that one is told too.
std::string version_text(std::string_view commit);

}  // namespace wssgate::cli
