#include "nginx/render.h"

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

#include "base/text.h"

namespace wssgate::nginx {
namespace {

constexpr std::size_t kLongestText = 2000;

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string place_of(const Finding& finding) {
  const std::string file = printable(finding.at.file);
  return finding.at.line == 0 ? file : fmt::format("{}:{}", file, finding.at.line);
}

std::string_view title_of(Kind kind) {
  switch (kind) {
    case Kind::trap:
      return "Traps: what this nginx does today, and why it hurts";
    case Kind::untranslated:
      return "Not carried over, or behaving otherwise";
    case Kind::note:
      break;
  }
  return "Notes: nothing is lost";
}

std::string_view colour_of(Kind kind) {
  switch (kind) {
    case Kind::trap:
      return "\x1b[31m";
    case Kind::untranslated:
      return "\x1b[33m";
    case Kind::note:
      break;
  }
  return "\x1b[2m";
}

std::string entry(const Finding& finding, bool coloured) {
  const Kind kind = kind_of(finding.id);
  const std::string place = place_of(finding);
  std::string text = "  ";
  text += coloured ? fmt::format("{}{}\x1b[0m", colour_of(kind), place) : place;
  if (!finding.directive.empty()) text += "  " + finding.directive;
  if (kind == Kind::trap) text += fmt::format("  [{}]", finding_name(finding.id));
  text += fmt::format("\n      {}", printable(finding.what, kLongestText));
  if (!finding.why.empty()) {
    text += kind == Kind::note ? "; " : ".\n      ";
    text += printable(finding.why, kLongestText);
  }
  return text + ".\n";
}

}  // namespace

std::string counts_text(const Findings& findings) {
  return fmt::format("{}, {}, {}", counted(findings.count(Kind::trap), "trap", "traps"),
                     counted(findings.count(Kind::untranslated), "thing not carried over",
                             "things not carried over"),
                     counted(findings.count(Kind::note), "note", "notes"));
}

std::string report_text(const std::string& path, const Findings& findings, bool coloured) {
  std::string text;
  const Finding* before = nullptr;
  const auto ordered = findings.ordered();
  for (const Finding& finding : ordered) {
    const Kind kind = kind_of(finding.id);
    if (before == nullptr || kind_of(before->id) != kind) {
      text += fmt::format("{}{}\n", before == nullptr ? "" : "\n", title_of(kind));
    }
    text += entry(finding, coloured);
    before = &finding;
  }
  if (before != nullptr) text += '\n';
  return text + fmt::format("{}: {}\n", printable(path), counts_text(findings));
}

}  // namespace wssgate::nginx
