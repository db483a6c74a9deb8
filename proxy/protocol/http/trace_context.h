#pragma once

#include <string_view>

#include "protocol/http/head.h"

/// W3C Trace Context, as far as one who only passes it on needs it.
namespace wssgate::http {

/// The trace id (32 lower-case hexadecimal digits) of a traceparent, by its §3.2: of version 00 as
/// that defines it, of a later one as far as it has to look the same. Empty where the value is
/// malformed, or an id in it is all zeros.
std::string_view trace_id_of(std::string_view traceparent);

/// The same of a request's traceparent; empty where it has none, or several.
std::string_view trace_id(const Headers& headers);

}  // namespace wssgate::http
