#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nginx/model.h"

namespace wssgate::nginx {

/// A server that sends plain HTTP to https, at the same path as a rule.
struct HttpsRedirect {
  std::uint16_t port = 443;
  /// What says so, for the report.
  const Directive* from = nullptr;
  /// All that it is made of, certbot's several `if` among them.
  std::vector<const Directive*> parts;
  /// It stands in the server itself, without a condition: no location is ever reached.
  bool unconditional = false;
  /// nginx answers with another status than wssgate's 308.
  bool other_status = false;
  /// It leads to one name, which not all that ask here have asked for.
  bool other_name = false;
  /// It leads to "/", whatever the path.
  bool other_path = false;
};

/// Nothing where the server does something else, or leads to another path than "/".
std::optional<HttpsRedirect> https_redirect(const Server& server);

/// The server-level `return` with a status from 400 on, or 444 (close): it answers nobody.
const Directive* refusal(const Server& server);

}  // namespace wssgate::nginx
