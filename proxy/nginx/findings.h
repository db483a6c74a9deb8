#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/report.h"

namespace wssgate::nginx {

/// What an import can find. The names are stable: scripts look for them in --json. Only add.
enum class FindingId : std::uint8_t {
  // traps: nginx does this today, and it hurts
  default_certificate,
  server_name_mismatch,
  name_not_covered,
  leaf_only_chain,
  certificate_refused,
  idle_websocket_killed,
  upgrade_missing,
  http_version_missing,
  upstream_unverified,
  stapling_without_resolver,
  rsa_key_exchange,
  old_tls,
  server_ignored,
  proxy_protocol_from_anyone,
  // what wssgate cannot do, or does otherwise so that it shows
  untranslated,
  include_unread,
  // good to know
  replaced,
  detail,
  certificate_unread,
};
inline constexpr std::size_t kFindingCount =
    static_cast<std::size_t>(FindingId::certificate_unread) + 1;

/// "default_certificate".
std::string_view finding_name(FindingId id);

enum class Kind : std::uint8_t {
  trap,          ///< a fault of the nginx configuration itself
  untranslated,  ///< the result behaves otherwise
  note,          ///< nothing is lost
};
std::string_view kind_name(Kind kind);
Kind kind_of(FindingId id);

/// Texts are printable, without a closing full stop.
struct Finding {
  FindingId id{};
  SourceLocation at;
  /// The directive as it stands there, shortened; may be empty.
  std::string directive;
  /// What it is, or what it did.
  std::string what;
  /// Of a trap why it hurts, of the rest what becomes of it or what to do.
  std::string why;

  bool operator==(const Finding&) const = default;
};

/// Of the process; 2 is everything that keeps the file from being read at all.
enum class ExitCode : std::uint8_t { clean = 0, traps = 1, unreadable = 2, untranslated = 3 };

/// All that was found, each thing once.
class Findings {
 public:
  void add(Finding finding);
  const std::vector<Finding>& all() const { return all_; }
  /// Traps first, then what is lost, then notes; each by file and line.
  std::vector<Finding> ordered() const;
  std::size_t count(Kind kind) const;
  /// What is lost counts for more than a trap.
  ExitCode exit_code() const;

 private:
  std::vector<Finding> all_;
  std::set<std::tuple<FindingId, std::string, int, std::string>> seen_;
};

}  // namespace wssgate::nginx
