#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/http/authority.h"

/// Request targets (RFC 9112 §3.2). Internal to this folder.
namespace wssgate::http {

/// A target in absolute form, taken apart.
struct AbsoluteTarget {
  std::string_view scheme;
  Authority authority;
  /// What goes upstream instead: "/path?query", or "*" for an OPTIONS without a path.
  std::string origin_form;
};

/// Whether `target` is to be read as absolute form: neither a path nor "*".
bool is_absolute_form(std::string_view target);

/// Refuses schemes other than https, http, wss and ws, user information, and a broken authority.
Result<AbsoluteTarget> parse_absolute_target(std::string_view target, std::string_view method);

/// Refuses what two parsers could read differently in a target of origin form: a fragment,
/// characters that are not visible ASCII, broken percent-encoding, NUL, backslashes, dot segments
/// (plain, percent-encoded, or with a parameter as in "..;x", which servlet containers drop).
Result<void> check_origin_form(std::string_view target);

}  // namespace wssgate::http
