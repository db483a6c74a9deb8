#include "nginx/render.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"

namespace wssgate::nginx {
namespace {

constexpr std::size_t kLongestText = 2000;
constexpr std::size_t kWidth = 100;
/// Of a note; --json has all.
constexpr std::size_t kMostPlaces = 4;

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

/// Lines of at most kWidth, all behind `indent` spaces; words are never cut.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = 0;
  for (const std::string_view word : split(text, ' ')) {
    if (word.empty()) continue;
    if (column == 0 || column + 1 + word.size() > kWidth) {
      if (column != 0) out += '\n';
      out += std::string(indent, ' ');
      column = indent;
    } else {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
  }
  return out + '\n';
}

/// What belongs together: of traps those of one kind, of the rest what says the same.
using Group = std::vector<const Finding*>;

/// Traps as FindingId has them, the most urgent first; the rest by the first place.
std::vector<Group> groups_of(const std::vector<Finding>& ordered, Kind kind) {
  std::vector<Group> groups;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> known;
  for (const Finding& finding : ordered) {
    if (kind_of(finding.id) != kind) continue;
    const std::string_view what =
        kind == Kind::trap ? finding_name(finding.id) : std::string_view(finding.what);
    const auto [entry, fresh] = known.try_emplace({what, finding.why}, groups.size());
    if (fresh) groups.emplace_back();
    groups[entry->second].push_back(&finding);
  }
  if (kind == Kind::trap) {
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Group& a, const Group& b) { return a.front()->id < b.front()->id; });
  }
  return groups;
}

class Page {
 public:
  Page(const Findings& findings, bool coloured)
      : ordered_(findings.ordered()), coloured_(coloured) {}

  std::string text() && {
    traps();
    losses();
    notes();
    return std::move(out_);
  }

 private:
  std::string painted(std::string_view text, std::string_view colour) const {
    return coloured_ ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text) : std::string(text);
  }

  void title(std::string_view text) {
    out_ += (out_.empty() ? "" : "\n") + painted(text, kBold) + '\n';
  }

  void place(const Finding& finding, std::string_view colour) {
    out_ += "    " + painted(place_of(finding), colour);
    if (!finding.directive.empty()) out_ += "  " + finding.directive;
    out_ += '\n';
  }

  void traps() {
    const auto groups = groups_of(ordered_, Kind::trap);
    if (!groups.empty()) title("Traps: what nginx does today, and why it hurts");
    for (const Group& group : groups) {
      out_ += fmt::format("\n  {}\n", painted(finding_name(group.front()->id), kRed));
      for (std::size_t i = 0; i < group.size(); ++i) {
        place(*group[i], kBold);
        const bool last = i + 1 == group.size();
        if (!last && group[i + 1]->what == group[i]->what) continue;
        out_ += wrapped(printable(group[i]->what, kLongestText) + '.', 6);
      }
      out_ += wrapped("Why: " + printable(group.front()->why, kLongestText) + '.', 4);
    }
  }

  void losses() {
    const auto groups = groups_of(ordered_, Kind::untranslated);
    if (!groups.empty()) title("Not carried over, or behaving otherwise\n");
    for (const Group& group : groups) {
      for (const Finding* each : group) place(*each, kYellow);
      out_ += wrapped(sentence(*group.front()), 6);
    }
  }

  /// Short: they are many, and nothing has to be done.
  void notes() {
    const auto groups = groups_of(ordered_, Kind::note);
    if (!groups.empty()) title("Notes: nothing is lost\n");
    for (const Group& group : groups) {
      std::string line = directives_of(group);
      if (!line.empty()) line += ": ";
      out_ +=
          wrapped(fmt::format("{}{} ({})", line, sentence(*group.front()), places_of(group)), 4);
    }
  }

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
      std::string name = each->directive.substr(0, each->directive.find(' '));
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(std::move(name));
      }
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }

  static std::string places_of(const Group& group) {
    std::string text;
    for (std::size_t i = 0; i < std::min(group.size(), kMostPlaces); ++i) {
      text += (i == 0 ? "" : ", ") + place_of(*group[i]);
    }
    if (group.size() > kMostPlaces) {
      text += fmt::format(" and {} more", group.size() - kMostPlaces);
    }
    return text;
  }

  std::vector<Finding> ordered_;
  bool coloured_;
  std::string out_;
};

}  // namespace

std::string counts_text(const Findings& findings) {
  return fmt::format("{}, {}, {}", counted(findings.count(Kind::trap), "trap", "traps"),
                     counted(findings.count(Kind::untranslated), "thing not carried over",
                             "things not carried over"),
                     counted(findings.count(Kind::note), "note", "notes"));
}

std::string report_text(const std::string& path, const Findings& findings, bool coloured) {
  std::string text = Page(findings, coloured).text();
  if (!text.empty()) text += '\n';
  return text + fmt::format("{}: {}\n", printable(path), counts_text(findings));
}

}  // namespace wssgate::nginx
