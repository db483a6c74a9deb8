#include "control/current_problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include "control/status.h"
#include "gateway/snapshot.h"
#include "pki/x509_facts.h"

namespace wssgate::control {
namespace {

using Level = CurrentProblem::Level;
using TimePoint = std::chrono::system_clock::time_point;

// As what is proven at a reload is warned of: by then, whatever renews should have done so.
constexpr std::chrono::hours kExpiryWarning{24 * 14};
constexpr std::chrono::hours kExpiryAlarm{24 * 3};
// Of what the process may have.
constexpr double kNearTheLimit = 0.9;

std::string place(const SourceLocation& at) {
  if (at.line == 0) return at.file;
  return fmt::format("{}:{}:{}", at.file, at.line, at.column);
}

std::string days_and_hours(std::chrono::system_clock::duration span) {
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(span).count();
  return hours >= 48 ? fmt::format("{} days", hours / 24) : fmt::format("{} hours", hours);
}

/// That of a certificate that serves, or of an intermediate that goes with it.
struct Life {
  const pki::Certificate& certificate;
  /// Null: the certificate's own.
  const X509* intermediate = nullptr;
  TimePoint begin;
  TimePoint end;

  TimePoint warns_from() const {
    return end - std::min<TimePoint::duration>(kExpiryWarning, part(3));
  }
  TimePoint alarms_from() const {
    return end - std::min<TimePoint::duration>(kExpiryAlarm, part(10));
  }
  std::string what() const {
    const std::string name =
        certificate.names.empty() ? std::string() : " of " + certificate.names.front().text();
    if (intermediate == nullptr) return "the certificate" + name;
    return fmt::format("the intermediate '{}'{}", pki::subject_label(intermediate), name);
  }

 private:
  /// Without overflow: the dates may be the ends of the clock.
  TimePoint::duration part(int divisor) const {
    return end.time_since_epoch() / divisor - begin.time_since_epoch() / divisor;
  }
};

template <class Visit>
void each_life(const pki::Certificate& certificate, const Visit& visit) {
  visit(Life{certificate, nullptr, certificate.not_before, certificate.not_after});
  for (const pki::X509Ptr& intermediate : certificate.intermediates) {
    const auto begin = pki::not_before(intermediate.get());
    const auto end = pki::not_after(intermediate.get());
    // Without either it would not have been proven.
    if (begin && end) visit(Life{certificate, intermediate.get(), *begin, *end});
  }
}

void judge_life(const Life& life, TimePoint now, CurrentProblems& problems) {
  if (now < life.warns_from()) return;
  const bool of_intermediate = life.intermediate != nullptr;
  const std::string& file = life.certificate.chain_file;
  const std::string end = pki::iso_time(life.end);
  if (now > life.end) {
    problems.push_back(
        {Level::alarm, of_intermediate ? "intermediate_expired" : "certificate_expired", file,
         fmt::format("{} expired at {}, {}", life.what(), end,
                     of_intermediate ? "and clients refuse what it issued" : "and serves no more"),
         of_intermediate ? "put your CA's present fullchain.pem in its place"
                         : "put a renewed one in its place: it serves within a second"});
    return;
  }
  problems.push_back(
      {now > life.alarms_from() ? Level::alarm : Level::warning,
       of_intermediate ? "intermediate_expiring" : "certificate_expiring", file,
       fmt::format("{} expires at {}, in {}", life.what(), end, days_and_hours(life.end - now)),
       of_intermediate ? "put your CA's present fullchain.pem in its place"
                       : "look why it was not renewed (the log of certbot or whatever does it)"});
}

/// What is told of in another way: by the clock, while the chain serves, or for each upstream.
bool told_elsewhere(const Problem& warning, const std::unordered_set<std::string>& serving) {
  if (warning.kind == Problem::Kind::unverified_upstream) return true;
  return warning.kind == Problem::Kind::member_expiring && serving.count(warning.at.file) > 0;
}

void add_drains(const StatusSources& sources, CurrentProblems& problems) {
  const auto add = [&](const gateway::DrainTarget& target,
                       std::chrono::steady_clock::time_point deadline, const char* hint) {
    const auto left = std::max(std::chrono::steady_clock::duration::zero(),
                               deadline - std::chrono::steady_clock::now());
    problems.push_back({Level::warning, "draining", target.text(),
                        fmt::format("{}: {} tunnels left, {} s left", target.text(),
                                    sources.server.open_tunnels(target),
                                    std::chrono::duration_cast<std::chrono::seconds>(left).count()),
                        hint});
  };
  if (const auto deadline = sources.shutdown.deadline()) {
    add({}, *deadline, "this process ends then");
  }
  for (const PartialDrains::Drain& drain : sources.partial_drains.all()) {
    add(drain.target, drain.deadline,
        "it gets nothing new until 'wssgate drain --undo', or a restart");
  }
}

void add_names(const std::set<std::string>& without_certificate, CurrentProblems& problems) {
  for (const std::string& name : without_certificate) {
    problems.push_back({Level::alarm, "host_without_certificate", name,
                        fmt::format("{}: no certificate may serve it", name),
                        "its handshakes are refused until a good one is on the disk"});
  }
}

void add_upstreams(const gateway::Snapshot& snapshot, CurrentProblems& problems) {
  const auto now = upstream::Health::Clock::now();
  for (const auto& [name, upstream] : snapshot.upstreams) judge_upstream(*upstream, now, problems);
  for (const auto& [name, terms] : snapshot.upstream_tls) {
    if (terms->verified) continue;
    problems.push_back({Level::warning, "upstream_not_verified", name,
                        fmt::format("the upstream '{}': whoever can get between is taken for it "
                                    "(tls.verify is off)",
                                    name),
                        "name its CA under tls.ca, and remove 'verify: off'"});
  }
}

void add_staples(const StatusSources& sources, CurrentProblems& problems) {
  const std::vector<StapleStatus> troubled = sources.stapler.troubled();
  if (troubled.empty()) return;
  std::unordered_set<std::string> required;
  for (const auto& wanted : sources.server.snapshot()->staples_wanted) {
    if (wanted.required) required.insert(wanted.certificate->fingerprint);
  }
  for (const StapleStatus& staple : troubled) {
    judge_staple(staple, required.count(staple.fingerprint) > 0, problems);
  }
}

void add_reload(const StatusSources& sources, CurrentProblems& problems) {
  const Reload& last = sources.reloader.last();
  std::unordered_set<std::string> serving;
  if (!last.warnings.empty()) {  // else nobody asks
    for (const pki::Certificate* certificate : sources.facts.certificates()) {
      serving.insert(certificate->chain_file);
    }
  }
  judge_reload(last, serving, problems);
}

}  // namespace

void judge_reload(const Reload& last, const std::unordered_set<std::string>& serving,
                  CurrentProblems& problems) {
  for (const Problem& problem : last.refused) {
    problems.push_back({Level::alarm, "configuration_refused", place(problem.at),
                        fmt::format("{}: {}", place(problem.at), problem.message), problem.hint});
  }
  for (const Problem& problem : last.held) {
    const bool waits = problem.severity == Severity::warning;
    problems.push_back({waits ? Level::warning : Level::alarm,
                        waits ? "certificate_waiting" : "certificate_held_back", place(problem.at),
                        fmt::format("{}: {}", place(problem.at), problem.message), problem.hint});
  }
  for (const Problem& problem : last.warnings) {
    if (told_elsewhere(problem, serving)) continue;
    problems.push_back({Level::warning, "configuration_warning", place(problem.at),
                        fmt::format("{}: {}", place(problem.at), problem.message), problem.hint});
  }
}

TimePoint tells_from(const pki::Certificate& certificate) {
  TimePoint first = TimePoint::max();
  each_life(certificate, [&](const Life& life) { first = std::min(first, life.warns_from()); });
  return first;
}

void judge_certificate(const pki::Certificate& certificate, TimePoint now,
                       CurrentProblems& problems) {
  each_life(certificate, [&](const Life& life) { judge_life(life, now, problems); });
}

void judge_staple(const StapleStatus& staple, bool required, CurrentProblems& problems) {
  if (staple.state == StapleState::revoked) {
    problems.push_back({Level::alarm, "certificate_revoked", staple.chain_file,
                        fmt::format("the CA has revoked the certificate: {}", staple.why),
                        "replace it, with a new key: clients that look refuse it"});
    return;
  }
  if (staple.state != StapleState::failing) return;
  const std::string until = staple.good_until ? fmt::format("; the last one holds until {}",
                                                            pki::iso_time(*staple.good_until))
                                              : std::string("; there is no staple");
  problems.push_back({required && !staple.good_until ? Level::alarm : Level::warning,
                      "staple_failing", staple.chain_file,
                      fmt::format("no good OCSP response: {}{}", staple.why, until),
                      "let this machine reach the CA's responder (stapling.http_proxy); it is "
                      "asked again by itself"});
}

void judge_upstream(const upstream::Upstream& upstream, upstream::Health::TimePoint now,
                    CurrentProblems& problems) {
  std::vector<std::string> down;
  for (const upstream::Member& member : upstream.members()) {
    if (!member.endpoint->health.is_well(now)) down.push_back(member.endpoint->text);
  }
  if (down.empty()) return;
  if (down.size() == upstream.size()) {
    problems.push_back(
        {Level::alarm, "upstream_down", upstream.name(),
         fmt::format("upstream '{}': {} is down", upstream.name(),
                     down.size() == 1 ? down.front()
                                      : fmt::format("each of its {} endpoints", down.size())),
         "start it, or look at its log; requests try it all the same, and it is used again when "
         "it answers"});
    return;
  }
  for (const std::string& endpoint : down) {
    problems.push_back(
        {Level::warning, "endpoint_down", endpoint,
         fmt::format("upstream '{}': the endpoint {} is down", upstream.name(), endpoint),
         "the others carry its load until it answers again"});
  }
}

void judge_limits(const ProcessFacts& facts, std::uint64_t connections,
                  std::uint64_t most_connections, CurrentProblems& problems) {
  const auto is_near = [](std::uint64_t used, std::uint64_t most) {
    return most > 0 && static_cast<double>(used) >= kNearTheLimit * static_cast<double>(most);
  };
  if (is_near(facts.open_descriptors, facts.most_descriptors)) {
    problems.push_back({Level::alarm, "descriptors_short", "this process",
                        fmt::format("{} of {} file descriptors are open", facts.open_descriptors,
                                    facts.most_descriptors),
                        "raise the limit (ulimit -n, LimitNOFILE=): each tunnel needs two"});
  }
  if (is_near(connections, most_connections)) {
    problems.push_back({Level::alarm, "connections_near_limit", "limits.connections",
                        fmt::format("{} of {} connections are open: more are closed at once",
                                    connections, most_connections),
                        "raise limits.connections, or add a machine"});
  }
}

CurrentProblems current_problems(const StatusSources& sources,
                                 const std::set<std::string>& without_certificate) {
  CurrentProblems problems;
  const gateway::Snapshot& snapshot = *sources.server.snapshot();
  add_reload(sources, problems);
  add_drains(sources, problems);
  add_names(without_certificate, problems);
  add_upstreams(snapshot, problems);
  const auto now = std::chrono::system_clock::now();
  for (const pki::Certificate* certificate : sources.facts.near_their_end(now)) {
    judge_certificate(*certificate, now, problems);
  }
  add_staples(sources, problems);
  judge_limits(sources.process, sources.server.open_connections(),
               snapshot.config.limits.connections, problems);
  std::stable_sort(problems.begin(), problems.end(),
                   [](const auto& a, const auto& b) { return a.level < b.level; });
  return problems;
}

}  // namespace wssgate::control
