#pragma once

#include <optional>
#include <string_view>

#include "gateway/drains.h"

namespace wssgate::control {

/// What `POST /drain` asks for.
struct DrainRequest {
  gateway::DrainTarget target;
  bool undo = false;
};

/// Its query: nothing for everything, or percent-encoded "host=NAME" or "endpoint=ADDRESS", each
/// with "undo=1" beside it or not. Nothing for any other.
std::optional<DrainRequest> parse_drain_request(std::string_view query);

}  // namespace wssgate::control
