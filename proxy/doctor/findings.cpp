#include "doctor/findings.h"

#include <array>

namespace wssgate::doctor {
namespace {

constexpr std::array<std::string_view, kFindingCount> kNames = {
    "name_unresolved",
    "connect_refused",
    "connect_timeout",
    "connect_failed",
    "connect_no_route",
    "plain_http",
    "not_tls",
    "split_hello_fails",
    "handshake_reset",
    "handshake_closed",
    "handshake_timeout",
    "handshake_refused",
    "client_certificate_required",
    "handshake_failed",
    "tls_outdated",
    "no_secure_renegotiation",
    "name_not_covered",
    "expired",
    "not_yet_valid",
    "self_signed",
    "untrusted",
    "chain_incomplete",
    "revoked",
    "weak",
    "wrong_usage",
    "chain_invalid",
    "must_staple_missing",
    "upgrade_refused",
    "upgrade_invalid",
    "upgrade_unanswered",
    "websocket_dead",
    "websocket_closed",
    "wrong_subprotocol",
    "http_error",
    "addresses_differ",
    "chain_order",
    "validity_too_long",
    "expires_soon",
    "staple_bad",
    "default_certificate",
    "plaintext_url",
    "chain_superfluous",
    "staple_absent",
    "hsts_forbids_override",
    "hsts_absent",
};
static_assert(!kNames.back().empty(), "every finding has a name");

}  // namespace

std::string_view finding_name(FindingId id) { return kNames.at(static_cast<std::size_t>(id)); }

std::string_view level_name(Level level) {
  switch (level) {
    case Level::error:
      return "error";
    case Level::warning:
      return "warning";
    case Level::note:
      break;
  }
  return "note";
}

std::string_view outlook_name(Outlook outlook) {
  switch (outlook) {
    case Outlook::accept:
      return "accept";
    case Outlook::depends:
      return "depends";
    case Outlook::refuse:
      break;
  }
  return "refuse";
}

}  // namespace wssgate::doctor
