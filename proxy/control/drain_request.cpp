#include "control/drain_request.h"

#include <string>
#include <utility>

#include "base/text.h"
#include "protocol/http/head.h"

namespace wssgate::control {

std::optional<DrainRequest> parse_drain_request(std::string_view query) {
  using Kind = gateway::DrainTarget::Kind;
  DrainRequest request;
  if (query.empty()) return request;
  for (const std::string_view each : split(query, '&')) {
    const auto equals = each.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = each.substr(0, equals);
    std::string value = http::percent_decoded(each.substr(equals + 1));
    const bool names = key == "host" || key == "endpoint";
    if (names && !value.empty() && request.target.kind == Kind::everything) {
      request.target = {key == "host" ? Kind::host : Kind::endpoint, std::move(value)};
    } else if (key == "undo" && value == "1") {
      request.undo = true;
    } else {
      return std::nullopt;
    }
  }
  return request;
}

}  // namespace wssgate::control
