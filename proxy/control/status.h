#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>

#include "control/ocsp_stapler.h"
#include "control/reloader.h"
#include "control/server.h"

namespace wssgate::control {

/// What `GET /status` answers. Its keys are stable.
nlohmann::json status(const Server& server, const Reloader& reloader, const OcspStapler& stapler,
                      std::chrono::system_clock::time_point started);

/// What `POST /reload` answers: {"ok", "changed", "cause", "at", "took_ms", "refused": [problems],
/// "held": [problems], "warnings": [problems]}.
nlohmann::json to_json(const Reload& reload);

}  // namespace wssgate::control
