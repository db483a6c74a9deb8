#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/report.h"
#include "config/model.h"
#include "pki/client_trust.h"
#include "pki/ticket_keys.h"
#include "pki/tls_policy.h"

/// What the configuration says of handshakes, as the terms of TLS contexts.
namespace wssgate::gateway {

/// The ticket secrets of the configured file. Nothing where none is configured, and where there are
/// problems, which go to `report`.
std::optional<pki::TicketRing> read_ticket_ring(const config::Config& config, Report& report);

/// Puts to use what was read for `config`: the file's ring, or secrets of the process's own where
/// no file is configured (any more). A ring that could not be read leaves `keys` as they are.
void use_ticket_ring(pki::TicketKeys& keys, const config::Config& config,
                     std::optional<pki::TicketRing> ring);

/// What the listeners' `tls` sections come to, told apart: a host has a policy, and so a TLS
/// context, for each of these profiles. Most configurations have one.
class TlsProfiles {
 public:
  using Policies = std::vector<std::shared_ptr<const pki::TlsPolicy>>;

  /// Problems go to `report`, which outlives this, here and later.
  TlsProfiles(const config::Config& config, Report& report);

  /// The profile of each listener, in the configuration's order; 0 for those that only redirect.
  const std::vector<std::size_t>& of_listeners() const { return of_listeners_; }
  /// What handshakes with this host may agree on, by profile.
  Policies policies_for(const config::Host& host);

 private:
  std::shared_ptr<const pki::TlsPolicy> judge(pki::TlsPolicy policy, const SourceLocation& at);

  Report& report_;
  std::vector<pki::TlsOverrides> profiles_;
  Policies policies_;
  std::vector<std::size_t> of_listeners_;
};

/// Whose certificates hosts ask for, by file and rule.
using ClientTrusts = std::map<std::string, std::shared_ptr<const pki::ClientTrust>>;

/// Whose certificates the clients of this host have to show, from the disk or from `loaded`, where
/// it is put. With a problem, which goes to `report`, what served `before` goes on. Null where the
/// host asks for none, and where there is nothing to go on with: such a host must not serve.
std::shared_ptr<const pki::ClientTrust> client_trust_of(const config::Host& host,
                                                        std::chrono::system_clock::time_point now,
                                                        const ClientTrusts* before,
                                                        ClientTrusts& loaded, Report& report);

}  // namespace wssgate::gateway
