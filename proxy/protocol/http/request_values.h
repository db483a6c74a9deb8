#pragma once

#include <optional>
#include <string_view>

#include "protocol/http/head.h"

namespace wssgate::http {

/// The value of the first cookie of this name (RFC 6265 §5.4; names are case-sensitive), as sent.
std::optional<std::string_view> cookie(const Headers& headers, std::string_view name);

/// The value of the first parameter of this name in the target's query, as sent: neither it nor the
/// name is percent-decoded. Empty for one without '='.
std::optional<std::string_view> query_parameter(std::string_view target, std::string_view name);

}  // namespace wssgate::http
