#include "control/snapshot_facts.h"

#include <algorithm>
#include <unordered_set>

#include "control/current_problems.h"
#include "gateway/snapshot.h"

namespace wssgate::control {
namespace {

bool lacks_certificate(const gateway::Site& site, SnapshotFacts::TimePoint now) {
  if (site.host->passthrough) return false;  // it has no use for one
  if (site.tls.empty() || now > site.end) return true;
  return std::any_of(site.needed_staples.begin(), site.needed_staples.end(),
                     [&](const auto& slot) { return !slot->good(now); });
}

std::vector<const gateway::CertificateState*> most_urgent_of(const gateway::Snapshot& snapshot) {
  std::vector<const gateway::CertificateState*> states;
  for (const gateway::CertificateState& state : snapshot.certificates) states.push_back(&state);
  const auto urgency = [](const gateway::CertificateState* state) {
    const auto end =
        state->served ? state->served->not_after : std::chrono::system_clock::time_point::min();
    return std::pair(state->served && state->refused.empty(), end);
  };
  const auto shown = std::min(SnapshotFacts::kMostUrgent, states.size());
  std::partial_sort(states.begin(), states.begin() + static_cast<std::ptrdiff_t>(shown),
                    states.end(),
                    [&](const auto* a, const auto* b) { return urgency(a) < urgency(b); });
  states.resize(shown);
  return states;
}

}  // namespace

void SnapshotFacts::adopt(const std::shared_ptr<const gateway::Snapshot>& snapshot) {
  if (snapshot_.lock() == snapshot) return;
  snapshot_ = snapshot;
  urgent_ = most_urgent_of(*snapshot);
  look_at_sites(*snapshot);
  look_at_certificates(*snapshot);
}

void SnapshotFacts::look_at_sites(const gateway::Snapshot& snapshot) {
  doubtful_.clear();
  first_end_ = TimePoint::max();
  snapshot.sites.for_each([&](const std::string& name, const gateway::Site& site) {
    if (site.host->passthrough) return;
    first_end_ = std::min(first_end_, site.end);
    if (site.tls.empty() || !site.needed_staples.empty()) doubtful_.emplace_back(name, &site);
  });
}

void SnapshotFacts::look_at_certificates(const gateway::Snapshot& snapshot) {
  std::unordered_set<const pki::Certificate*> used;
  snapshot.sites.for_each([&](const std::string&, const gateway::Site& site) {
    for (const auto& served : site.certificates) used.insert(served.certificate.get());
  });
  certificates_.clear();
  told_from_.clear();
  first_told_ = TimePoint::max();
  for (const gateway::CertificateState& state : snapshot.certificates) {
    if (used.count(state.served.get()) == 0) continue;
    certificates_.push_back(state.served.get());
    told_from_.push_back(tells_from(*state.served));
    first_told_ = std::min(first_told_, told_from_.back());
  }
}

std::vector<const pki::Certificate*> SnapshotFacts::near_their_end(TimePoint now) const {
  std::vector<const pki::Certificate*> near;
  if (now < first_told_) return near;
  for (std::size_t i = 0; i < certificates_.size(); ++i) {
    if (now >= told_from_[i]) near.push_back(certificates_[i]);
  }
  return near;
}

std::set<std::string> SnapshotFacts::without_certificate(TimePoint now) const {
  std::set<std::string> names;
  const auto look = [&](const std::string& name, const gateway::Site& site) {
    if (lacks_certificate(site, now)) names.insert(name);
  };
  const auto snapshot = snapshot_.lock();
  if (snapshot && now > first_end_) {
    snapshot->sites.for_each(look);
  } else {
    for (const auto& [name, site] : doubtful_) look(name, *site);
  }
  return names;
}

}  // namespace wssgate::control
