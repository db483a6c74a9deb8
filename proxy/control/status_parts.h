#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>

#include "control/current_problems.h"
#include "control/status.h"

/// What `GET /status` and the dashboard's data have in common.
namespace wssgate::control {

/// At most so many of each: more of them nobody reads.
inline constexpr std::size_t kMostProblemsShown = 100;

/// {"problems": [{"level", "kind", "about", "message", "hint"}], "problems_left_out"}.
void add_problems(const CurrentProblems& problems, nlohmann::json& to);

/// {"names": [{"name", "times", "at_least", "last", "nearest"}], "distinct", "evicted"}. `nearest`
/// is the configured name that may have been meant; "" where none is near, and null where it has
/// not been looked for yet.
nlohmann::json refused_names_json(const gateway::RefusedNames& refused,
                                  const StatusSources& sources, std::size_t most);

/// Without the hosts that it serves, which may be very many.
nlohmann::json certificate_json(const gateway::CertificateState& state, const OcspStapler& stapler);
nlohmann::json upstream_json(const upstream::Upstream& upstream);

}  // namespace wssgate::control
