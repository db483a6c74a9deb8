#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "control/ocsp_stapler.h"
#include "control/process_facts.h"
#include "control/reload.h"
#include "gateway/certificates.h"
#include "pki/certificate.h"
#include "upstream/upstream.h"

namespace wssgate::gateway {
struct Snapshot;
}

namespace wssgate::control {

struct StatusSources;

/// Something that is wrong right now, and what to do about it.
struct CurrentProblem {
  /// An alarm: clients suffer, or will within days. A warning: nobody does yet.
  enum class Level : std::uint8_t { alarm, warning };
  Level level = Level::warning;
  /// What kind it is, such as "certificate_expiring": stable.
  std::string_view kind;
  /// The file, the name, the upstream or the endpoint.
  std::string about;
  /// Sentences without a closing full stop.
  std::string message;
  std::string hint;
};
using CurrentProblems = std::vector<CurrentProblem>;

/// All of them, alarms first. `wssgate status` and the dashboard show the same ones.
/// `without_certificate`: SnapshotFacts::without_certificate().
CurrentProblems current_problems(const StatusSources& sources,
                                 const std::set<std::string>& without_certificate);

// Each looks at one thing.
/// `serving`: the chain files whose members' ends judge_certificate() tells of.
void judge_reload(const Reload& last, const std::unordered_set<std::string>& serving,
                  CurrentProblems& problems);
/// From when on judge_certificate() has something to say.
std::chrono::system_clock::time_point tells_from(const pki::Certificate& certificate);
/// Its end, and those of the intermediates that go with it.
void judge_certificate(const pki::Certificate& certificate,
                       std::chrono::system_clock::time_point now, CurrentProblems& problems);
void judge_staple(const StapleStatus& staple, bool required, CurrentProblems& problems);
void judge_upstream(const upstream::Upstream& upstream, upstream::Health::TimePoint now,
                    CurrentProblems& problems);
void judge_limits(const ProcessFacts& facts, std::uint64_t connections,
                  std::uint64_t most_connections, CurrentProblems& problems);

}  // namespace wssgate::control
