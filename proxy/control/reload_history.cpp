#include "control/reload_history.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace wssgate::control {
namespace {

/// How many were left out.
std::size_t cut(std::vector<Problem>& problems) {
  if (problems.size() <= ReloadHistory::kMostProblems) return 0;
  const std::size_t left_out = problems.size() - ReloadHistory::kMostProblems;
  problems.resize(ReloadHistory::kMostProblems);
  return left_out;
}

void mix(std::size_t& digest, std::size_t with) {
  constexpr std::size_t kSpread = 0x9e3779b97f4a7c15;  // as Boost's hash_combine has it
  digest ^= with + kSpread + (digest << 6) + (digest >> 2);
}

/// How long a certificate has is another text every day, and no news.
bool counts_days(Problem::Kind kind) {
  return kind == Problem::Kind::member_expiring || kind == Problem::Kind::root_expiring;
}

void mix(std::size_t& digest, const std::vector<Problem>& problems) {
  mix(digest, problems.size());
  const std::hash<std::string> hash;
  for (const Problem& problem : problems) {
    mix(digest, hash(problem.at.file));
    mix(digest, static_cast<std::size_t>(problem.at.line));
    mix(digest, static_cast<std::size_t>(problem.at.column));
    mix(digest, static_cast<std::size_t>(problem.severity));
    if (!counts_days(problem.kind)) mix(digest, hash(problem.message));
    mix(digest, hash(problem.hint));
  }
}

/// Of all that it found, also of what is not kept.
std::size_t digest_of(const Reload& reload) {
  std::size_t digest = 0;
  mix(digest, reload.refused);
  mix(digest, reload.held);
  mix(digest, reload.warnings);
  return digest;
}

ReloadHistory::Entry entry_of(const Reload& reload) {
  ReloadHistory::Entry entry{.reload = reload, .last = reload.at, .digest = digest_of(reload)};
  entry.problems_left_out =
      cut(entry.reload.refused) + cut(entry.reload.held) + cut(entry.reload.warnings);
  return entry;
}

bool came_to_the_same(const ReloadHistory::Entry& a, const ReloadHistory::Entry& b) {
  return a.reload.cause == b.reload.cause && a.digest == b.digest;
}

}  // namespace

void ReloadHistory::add(const Reload& reload) {
  Entry entry = entry_of(reload);
  if (!entries_.empty() && !reload.changed && came_to_the_same(entries_.back(), entry)) {
    ++entries_.back().times;
    entries_.back().last = reload.at;
    return;
  }
  if (entries_.size() == kMostReloads) entries_.pop_front();
  entries_.push_back(std::move(entry));
}

}  // namespace wssgate::control
