#include "base/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace wssgate {

void Report::add(SourceLocation at, std::string message, std::string hint) {
  ++errors_;
  problems_.push_back({std::move(at), std::move(message), std::move(hint), Severity::error});
}

void Report::warn(SourceLocation at, std::string message, std::string hint, Problem::Kind kind) {
  problems_.push_back(
      {std::move(at), std::move(message), std::move(hint), Severity::warning, kind});
}

void Report::add(Problem problem) {
  if (problem.severity == Severity::error) ++errors_;
  problems_.push_back(std::move(problem));
}

void Report::append(const Report& other) {
  problems_.insert(problems_.end(), other.problems_.begin(), other.problems_.end());
  errors_ += other.errors_;
}

std::vector<Problem> Report::by_place() const {
  std::vector<Problem> ordered = problems_;
  const auto place = [](const Problem& p) { return std::tie(p.at.file, p.at.line, p.at.column); };
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const Problem& a, const Problem& b) { return place(a) < place(b); });
  return ordered;
}

std::string Report::text() const {
  std::string out;
  for (const Problem& p : by_place()) {
    out += p.at.file;
    if (p.at.line > 0) out += fmt::format(":{}:{}", p.at.line, p.at.column);
    const char* const severity = p.severity == Severity::warning ? "warning: " : "";
    out += fmt::format(": {}{}. {}.\n", severity, p.message, p.hint);
  }
  return out;
}

}  // namespace wssgate
