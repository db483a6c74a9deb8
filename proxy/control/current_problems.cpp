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

/// A certificate that serves, or an intermediate that goes with it.
struct Life {
  std::string what;
  const std::string& file;
  TimePoint begin;
  TimePoint end;
  /// Of the kinds of its problems.
  bool is_intermediate = false;

  /// Without overflow: the dates may be the ends of the clock.
  TimePoint::duration part(int divisor) const {
    return end.time_since_epoch() / divisor - begin.time_since_epoch() / divisor;
  }
};

void judge_life(const Life& life, TimePoint now, CurrentProblems& problems) {
  const auto left = life.end - now;
  const auto warning = std::min<TimePoint::duration>(kExpiryWarning, life.part(3));
  const auto alarm = std::min<TimePoint::duration>(kExpiryAlarm, life.part(10));
  if (left > warning) return;
  const std::string end = pki::iso_time(life.end);
  if (left < TimePoint::duration::zero()) {
    problems.push_back(
        {Level::alarm, life.is_intermediate ? "intermediate_expired" : "certificate_expired",
         life.file,
         fmt::format(
             "{} expired at {}, {}", life.what, end,
             life.is_intermediate ? "and clients refuse what it issued" : "and serves no more"),
         life.is_intermediate ? "put your CA's present fullchain.pem in its place"
                              : "put a renewed one in its place: it serves within a second"});
    return;
  }
  problems.push_back(
      {left < alarm ? Level::alarm : Level::warning,
       life.is_intermediate ? "intermediate_expiring" : "certificate_expiring", life.file,
       fmt::format("{} expires at {}, in {}", life.what, end, days_and_hours(left)),
       life.is_intermediate
           ? "put your CA's present fullchain.pem in its place"
           : "look why it was not renewed (the log of certbot or whatever does it)"});
}

/// Of the coming end of a member of a chain that serves: judge_life tells of it by the clock. Those
/// of roots and of clients' CAs are told as the reload told them.
bool tells_of_a_life(const Problem& warning, const std::unordered_set<std::string>& serving) {
  return warning.message.starts_with('\'') &&
         warning.message.find("' expires at ") != std::string::npos &&
         serving.count(warning.at.file) > 0;
}

/// The configuration's own warning of it is told as another kind, for each upstream.
bool tells_of_unverified(const Problem& warning) {
  return warning.message.find("is NOT VERIFIED") != std::string::npos;
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

void add_names_and_upstreams(const gateway::Snapshot& snapshot, CurrentProblems& problems) {
  for (const std::string& name : hosts_without_certificate(snapshot)) {
    problems.push_back({Level::alarm, "host_without_certificate", name,
                        fmt::format("{}: no certificate may serve it", name),
                        "its handshakes are refused until a good one is on the disk"});
  }
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

/// Those that some host has: an abandoned folder hurts nobody.
std::unordered_set<const pki::Certificate*> certificates_in_use(const gateway::Snapshot& snapshot) {
  std::unordered_set<const pki::Certificate*> used;
  snapshot.sites.for_each([&](const std::string&, const gateway::Site& site) {
    for (const auto& served : site.certificates) used.insert(served.certificate.get());
  });
  return used;
}

void add_staples(const StatusSources& sources, CurrentProblems& problems) {
  std::unordered_set<std::string> required;
  for (const auto& wanted : sources.server.snapshot()->staples_wanted) {
    if (wanted.required) required.insert(wanted.certificate->fingerprint);
  }
  for (const StapleStatus& staple : sources.stapler.status()) {
    judge_staple(staple, required.count(staple.fingerprint) > 0, problems);
  }
}

}  // namespace

std::set<std::string> hosts_without_certificate(const gateway::Snapshot& snapshot) {
  const auto now = std::chrono::system_clock::now();
  std::set<std::string> names;
  snapshot.sites.for_each([&](const std::string& name, const gateway::Site& site) {
    if (site.host->passthrough) return;  // it has no use for one
    const bool unstapled = std::any_of(site.needed_staples.begin(), site.needed_staples.end(),
                                       [&](const auto& slot) { return !slot->good(now); });
    if (site.tls.empty() || now > site.end || unstapled) names.insert(name);
  });
  return names;
}

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
    if (tells_of_a_life(problem, serving) || tells_of_unverified(problem)) continue;
    problems.push_back({Level::warning, "configuration_warning", place(problem.at),
                        fmt::format("{}: {}", place(problem.at), problem.message), problem.hint});
  }
}

void judge_certificate(const pki::Certificate& certificate, TimePoint now,
                       CurrentProblems& problems) {
  const std::string name =
      certificate.names.empty() ? std::string() : " of " + certificate.names.front().text();
  judge_life({.what = "the certificate" + name,
              .file = certificate.chain_file,
              .begin = certificate.not_before,
              .end = certificate.not_after},
             now, problems);
  for (const pki::X509Ptr& intermediate : certificate.intermediates) {
    const auto begin = pki::not_before(intermediate.get());
    const auto end = pki::not_after(intermediate.get());
    if (!begin || !end) continue;  // it would not have been proven
    judge_life({.what = fmt::format("the intermediate '{}'{}",
                                    pki::subject_label(intermediate.get()), name),
                .file = certificate.chain_file,
                .begin = *begin,
                .end = *end,
                .is_intermediate = true},
               now, problems);
  }
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

CurrentProblems current_problems(const StatusSources& sources) {
  CurrentProblems problems;
  const gateway::Snapshot& snapshot = *sources.server.snapshot();
  const auto used = certificates_in_use(snapshot);
  std::unordered_set<std::string> serving;
  for (const pki::Certificate* certificate : used) serving.insert(certificate->chain_file);
  judge_reload(sources.reloader.last(), serving, problems);
  add_drains(sources, problems);
  add_names_and_upstreams(snapshot, problems);
  const auto now = std::chrono::system_clock::now();
  for (const gateway::CertificateState& state : snapshot.certificates) {
    if (used.count(state.served.get()) > 0) judge_certificate(*state.served, now, problems);
  }
  add_staples(sources, problems);
  judge_limits(process_facts(), sources.server.open_connections(),
               snapshot.config.limits.connections, problems);
  std::stable_sort(problems.begin(), problems.end(),
                   [](const auto& a, const auto& b) { return a.level < b.level; });
  return problems;
}

}  // namespace wssgate::control
