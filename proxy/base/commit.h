#pragma once

#include <string_view>

namespace wssgate {

/// The commit that the program was built of, as `git describe` names it ("-dirty" with changes
/// since); empty outside git. Linked into the programs alone, so that a new commit rebuilds and
/// links no more than these: libraries and tests do without.
std::string_view commit();

}  // namespace wssgate
