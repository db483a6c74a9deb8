#pragma once

#include <string>
#include <string_view>

#include "control/status.h"

namespace wssgate::control {

/// What `GET /metrics` answers.
struct Metrics {
  std::string text;
  std::string_view content_type;
};

/// Everything that is counted, as Prometheus reads it: its text format, or OpenMetrics where the
/// `accept` field asks for that. Labels come from the configuration only, never from a client.
Metrics metrics(const StatusSources& sources, std::string_view accept);

}  // namespace wssgate::control
