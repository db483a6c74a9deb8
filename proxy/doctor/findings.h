#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What the doctor can find. The names are stable: scripts look for them in --json.
namespace wssgate::doctor {

/// In the order of what to mend first: who cannot connect need not think of an upgrade. Never
/// renumber by meaning, only add. FINDINGS.md has the table of them.
enum class FindingId : std::uint8_t {
  // the way there
  name_unresolved,
  connect_refused,
  connect_timeout,
  connect_failed,
  connect_no_route,
  // the handshake
  plain_http,
  not_tls,
  split_hello_fails,
  handshake_reset,
  handshake_closed,
  handshake_timeout,
  handshake_refused,
  client_certificate_required,
  handshake_failed,
  tls_outdated,
  no_secure_renegotiation,
  // the certificate
  name_not_covered,
  expired,
  not_yet_valid,
  self_signed,
  untrusted,
  chain_incomplete,
  revoked,
  weak,
  wrong_usage,
  chain_invalid,
  must_staple_missing,
  // what is answered
  upgrade_refused,
  upgrade_invalid,
  upgrade_unanswered,
  websocket_dead,
  websocket_closed,
  wrong_subprotocol,
  http_error,
  // what is wrong though most get through
  addresses_differ,
  chain_order,
  validity_too_long,
  expires_soon,
  staple_bad,
  default_certificate,
  plaintext_url,
  // good to know
  chain_superfluous,
  staple_absent,
  hsts_forbids_override,
  hsts_absent,
};
inline constexpr std::size_t kFindingCount = static_cast<std::size_t>(FindingId::hsts_absent) + 1;

/// "chain_incomplete".
std::string_view finding_name(FindingId id);

enum class Level : std::uint8_t {
  error,    ///< some or all clients are kept out
  warning,  ///< it works today, and will or may not for some
  note,     ///< advice; nothing is wrong
};
std::string_view level_name(Level level);

/// What becomes of a kind of clients.
enum class Outlook : std::uint8_t { accept, depends, refuse };
std::string_view outlook_name(Outlook outlook);

/// What one finding means for a kind of clients: the outlook, and why as a clause.
struct Effect {
  Outlook outlook = Outlook::accept;
  std::string why;

  bool operator==(const Effect&) const = default;
};

/// Both texts are printable, without a closing full stop.
struct Finding {
  FindingId id{};
  Level level = Level::error;
  /// What is wrong, with the evidence.
  std::string what;
  /// What to change, as an imperative clause.
  std::string change;
  /// Which of the remedies fit, where a finding has several causes: see remedies.h.
  std::string cause = {};
  /// For browsers, which complete chains and take an HTTP error for an answer.
  Effect browsers = {};
  /// For Node, curl, Go, Python, apps: whatever relies on what is sent alone.
  Effect strict = {};
  /// Indices of the addresses that it was found at, ascending.
  std::vector<std::size_t> addresses = {};
};

}  // namespace wssgate::doctor
