#include "nginx/render.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace wssgate::nginx {
namespace {

constexpr std::size_t kLongestText = 2000;
constexpr std::size_t kWidth = 100;
/// Of a note; --json has all.
constexpr std::size_t kMostLines = 6;

constexpr std::string_view kBold = "1";
constexpr std::string_view kRed = "1;31";
constexpr std::string_view kYellow = "33";

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string place_of(const Finding& finding) {
  const std::string file = printable(finding.at.file);
  return finding.at.line == 0 ? file : fmt::format("{}:{}", file, finding.at.line);
}

/// Lines of at most kWidth behind `indent` spaces, all but the first behind `hanging` ones. Words
/// are never cut.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t hanging) {
  std::string out(indent, ' ');
  std::size_t column = indent;
  bool first = true;
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    if (!first && column + 1 + word.size() > kWidth) {
      out += '\n' + std::string(hanging, ' ');
      column = hanging;
    } else if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    first = false;
  }
  return out + '\n';
}

using Group = std::vector<const Finding*>;
using Key = std::pair<std::string_view, std::string_view>;

Key by_meaning(const Finding& finding) { return {finding.what, finding.why}; }
Key by_reason(const Finding& finding) { return {finding_name(finding.id), finding.why}; }
Key by_file(const Finding& finding) { return {finding.at.file, {}}; }

/// Those of one key together, in the order of the first of each.
std::vector<Group> grouped(const Group& all, Key (*key_of)(const Finding&)) {
  std::vector<Group> groups;
  std::map<Key, std::size_t> known;
  for (const Finding* each : all) {
    const auto [entry, fresh] = known.try_emplace(key_of(*each), groups.size());
    if (fresh) groups.emplace_back();
    groups[entry->second].push_back(each);
  }
  return groups;
}

class Page {
 public:
  Page(const Findings& findings, const Look& look) : ordered_(findings.ordered()), look_(look) {}

  std::string text() && {
    traps();
    losses();
    notes();
    replaced();
    return std::move(out_);
  }

 private:
  /// Directives that are replaced stand apart, unless asked for.
  Group of_kind(Kind kind) const {
    Group found;
    for (const Finding& each : ordered_) {
      const bool apart = each.id == FindingId::replaced && !look_.every_note;
      if (kind_of(each.id) == kind && !apart) found.push_back(&each);
    }
    return found;
  }

  std::string painted(std::string_view text, std::string_view colour) const {
    return look_.coloured ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : std::string(text);
  }

  void title(std::string_view text) {
    out_ += (out_.empty() ? "" : "\n") + painted(text, kBold) + '\n';
  }

  void place(const Finding& finding, std::string_view colour) {
    out_ += "    " + painted(place_of(finding), colour);
    if (!finding.directive.empty()) out_ += "  " + finding.directive;
    out_ += '\n';
  }

  /// The places with what is there, and then what it comes to, once.
  void group(const Group& group, std::string_view colour, std::string_view lead) {
    for (std::size_t i = 0; i < group.size(); ++i) {
      place(*group[i], colour);
      const bool last = i + 1 == group.size();
      if (!last && group[i + 1]->what == group[i]->what) continue;
      out_ += wrapped(printable(group[i]->what, kLongestText) + '.', 6, 6);
    }
    const std::string& why = group.front()->why;
    out_ += wrapped(fmt::format("{}{}.", lead, printable(why, kLongestText)), 4, 4);
  }

  void traps() {
    auto groups = grouped(of_kind(Kind::trap), by_reason);
    std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) {
      return a.front()->id < b.front()->id;  // the most urgent first
    });
    if (!groups.empty()) title("Traps: what nginx does today, and why it hurts");
    for (const Group& each : groups) {
      out_ += fmt::format("\n  {}\n", painted(finding_name(each.front()->id), kRed));
      group(each, kBold, "Why: ");
    }
  }

  void losses() {
    const auto groups = grouped(of_kind(Kind::untranslated), by_reason);
    if (!groups.empty()) title("Not carried over, or behaving otherwise");
    for (const Group& each : groups) {
      out_ += '\n';
      group(each, kYellow, "");
    }
  }

  /// Short and by file: they are many, and nothing has to be done.
  void notes() {
    const auto files = grouped(of_kind(Kind::note), by_file);
    if (!files.empty()) title("Notes: nothing is lost");
    for (const Group& file : files) {
      out_ += fmt::format("\n  {}\n", painted(printable(file.front()->at.file), kBold));
      for (const Group& group : grouped(file, by_meaning)) {
        out_ += wrapped(fmt::format("{}: {}: {}", lines_of(group), directives_of(group),
                                    sentence(*group.front())),
                        4, 8);
      }
    }
  }

  void replaced() {
    std::set<std::string> names;
    for (const Finding& each : ordered_) {
      if (each.id == FindingId::replaced) names.insert(first_word(each.directive));
    }
    if (names.empty() || look_.every_note) return;
    title("What wssgate does by itself, or has no use for (--notes tells of each)");
    out_ += '\n' + wrapped(fmt::format("{}", fmt::join(names, ", ")), 2, 2);
  }

  static std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }

  static std::string sentence(const Finding& finding) {
    std::string text = printable(finding.what, kLongestText);
    if (!finding.why.empty()) text += "; " + printable(finding.why, kLongestText);
    return text + '.';
  }

  /// The directive where it is the same one everywhere, else the names.
  static std::string directives_of(const Group& group) {
    const std::string& first = group.front()->directive;
    const auto same = [&](const Finding* each) { return each->directive == first; };
    if (std::all_of(group.begin(), group.end(), same)) return first;
    std::vector<std::string> names;
    for (const Finding* each : group) {
      std::string name = first_word(each->directive);
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(std::move(name));
      }
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }

  static std::string lines_of(const Group& group) {
    std::string text;
    for (std::size_t i = 0; i < std::min(group.size(), kMostLines); ++i) {
      text += fmt::format("{}{}", i == 0 ? "" : ", ", group[i]->at.line);
    }
    if (group.size() > kMostLines) text += fmt::format(" and {} more", group.size() - kMostLines);
    return text;
  }

  std::vector<Finding> ordered_;
  Look look_;
  std::string out_;
};

}  // namespace

std::string counts_text(const Findings& findings) {
  return fmt::format("{}, {}, {}", counted(findings.count(Kind::trap), "trap", "traps"),
                     counted(findings.count(Kind::untranslated), "thing not carried over",
                             "things not carried over"),
                     counted(findings.count(Kind::note), "note", "notes"));
}

std::string report_text(const std::string& path, const Findings& findings, const Look& look) {
  std::string text = Page(findings, look).text();
  if (!text.empty()) text += '\n';
  return text + fmt::format("{}: {}\n", printable(path), counts_text(findings));
}

}  // namespace wssgate::nginx
