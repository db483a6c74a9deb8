#pragma once

#include <string_view>

#include "protocol/http/head.h"

namespace wssgate::http {

/// A request's own X-Request-ID where it can be taken over: there is one, of 1 to 128 letters,
/// digits and "._~+/=:-", so that it can stand in any log. Else empty.
std::string_view taken_request_id(const Headers& headers);

}  // namespace wssgate::http
