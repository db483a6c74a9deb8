#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "control/history.h"
#include "control/nearest_names.h"
#include "control/ocsp_stapler.h"
#include "control/partial_drains.h"
#include "control/process_facts.h"
#include "control/reloader.h"
#include "control/server.h"
#include "control/shutdown.h"
#include "control/snapshot_facts.h"

namespace wssgate::control {

/// Whom to ask.
struct StatusSources {
  Server& server;
  const Reloader& reloader;
  const OcspStapler& stapler;
  const Shutdown& shutdown;
  const PartialDrains& partial_drains;
  const History& history;
  NearestNames& nearest_names;
  /// Of the snapshot that serves.
  const SnapshotFacts& facts;
  /// From at most History::kStep ago: counting descriptors may take long.
  const ProcessFacts& process;
  std::chrono::system_clock::time_point started;
};

/// What `GET /status` answers. Its keys are stable.
nlohmann::json status(const StatusSources& sources);

/// What `GET /certificates` answers: each that is configured, what serves of it, what is on the
/// disk, and how its staple does.
nlohmann::json certificates(const StatusSources& sources);

/// What `GET /connections` answers: the first `most` of `found`.
nlohmann::json connections_json(const std::vector<gateway::OpenConnection>& found, std::size_t most,
                                std::uint64_t open);

/// What `POST /reload` answers: {"ok", "changed", "cause", "at", "took_ms", "refused": [problems],
/// "held": [problems], "warnings": [problems]}.
nlohmann::json to_json(const Reload& reload);

}  // namespace wssgate::control
