# Writes OUTPUT, the source file that knows the commit, where that has changed. Run at each build:
# cmake -DSOURCE=… -DOUTPUT=… [-DCOMMIT=…] -P commit.cmake
if(NOT COMMIT AND EXISTS ${SOURCE}/.git)
  # A source package inside somebody's repository has none of its own: it would be theirs.
  execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12 --match v[0-9]*
    OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
#include "base/commit.h"

namespace wssgate {

std::string_view commit() { return "@COMMIT@"; }

}  // namespace wssgate
]])
