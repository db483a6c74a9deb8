#pragma once

#include <string>
#include <string_view>

#include "config/forms.h"

namespace wssgate::config {

/// The text with each `${NAME}` replaced by that environment variable, and `${NAME:-default}` by
/// the default where the variable is unset or empty. `$${` stands for a literal `${`. What is put
/// in is neither expanded again nor read as YAML. At most 64 KiB come out.
Parsed<std::string> expand_environment(std::string_view text);

}  // namespace wssgate::config
