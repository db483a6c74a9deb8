#pragma once

#include <nlohmann/json_fwd.hpp>

namespace wssgate::config {

/// The JSON Schema (draft 07, which editors read) of the configuration, made of the table that the
/// loader reads by. It knows forms, not whether files and upstreams exist: `wssgate check` does.
nlohmann::ordered_json schema();

}  // namespace wssgate::config
