#include "control/reload_history.h"

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

ReloadHistory::Entry entry_of(const Reload& reload) {
  ReloadHistory::Entry entry{.reload = reload, .last = reload.at};
  entry.problems_left_out =
      cut(entry.reload.refused) + cut(entry.reload.held) + cut(entry.reload.warnings);
  return entry;
}

bool came_to_the_same(const ReloadHistory::Entry& a, const ReloadHistory::Entry& b) {
  return a.reload.refused == b.reload.refused && a.reload.held == b.reload.held &&
         a.reload.ok() == b.reload.ok() && a.problems_left_out == b.problems_left_out;
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
