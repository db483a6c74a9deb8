#include "nginx/findings.h"

#include <algorithm>
#include <array>
#include <utility>

namespace wssgate::nginx {
namespace {

constexpr std::array<std::string_view, kFindingCount> kFindingNames = {
    "default_certificate",
    "server_name_mismatch",
    "name_not_covered",
    "leaf_only_chain",
    "certificate_refused",
    "idle_websocket_killed",
    "upgrade_missing",
    "http_version_missing",
    "upstream_unverified",
    "stapling_without_resolver",
    "rsa_key_exchange",
    "old_tls",
    "server_ignored",
    "proxy_protocol_from_anyone",
    "untranslated",
    "include_unread",
    "replaced",
    "detail",
    "certificate_unread",
};
static_assert(!kFindingNames.back().empty(), "every finding has a name");

}  // namespace

std::string_view finding_name(FindingId id) {
  return kFindingNames.at(static_cast<std::size_t>(id));
}

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::trap:
      return "trap";
    case Kind::untranslated:
      return "untranslated";
    case Kind::note:
      break;
  }
  return "note";
}

Kind kind_of(FindingId id) {
  if (id < FindingId::untranslated) return Kind::trap;
  return id < FindingId::replaced ? Kind::untranslated : Kind::note;
}

void Findings::add(Finding finding) {
  if (!seen_.emplace(finding.id, finding.at.file, finding.at.line, finding.what).second) return;
  all_.push_back(std::move(finding));
}

std::vector<Finding> Findings::ordered() const {
  std::vector<Finding> sorted = all_;
  const auto place = [](const Finding& f) {
    return std::make_tuple(kind_of(f.id), std::string_view(f.at.file), f.at.line);
  };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const Finding& a, const Finding& b) { return place(a) < place(b); });
  return sorted;
}

std::size_t Findings::count(Kind kind) const {
  return static_cast<std::size_t>(std::count_if(
      all_.begin(), all_.end(), [&](const Finding& f) { return kind_of(f.id) == kind; }));
}

ExitCode Findings::exit_code() const {
  if (count(Kind::untranslated) != 0) return ExitCode::untranslated;
  return count(Kind::trap) != 0 ? ExitCode::traps : ExitCode::clean;
}

}  // namespace wssgate::nginx
