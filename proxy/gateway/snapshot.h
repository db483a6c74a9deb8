#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/report.h"
#include "config/model.h"
#include "gateway/certificates.h"
#include "gateway/route_table.h"
#include "gateway/tls_terms.h"
#include "gateway/upstream_tls.h"
#include "gateway/upstreams.h"

namespace wssgate::gateway {

/// What the connections of one listener go by.
struct Listening {
  std::string name;
  /// Where plain HTTP is redirected to; 0 for a listener that takes TLS.
  std::uint16_t redirect_port = 0;
  /// Which of each site's TLS contexts (TlsProfiles).
  std::size_t tls_profile = 0;
  /// Peers that have to begin with a PROXY header; nobody else may.
  std::vector<Network> proxies = {};
};

/// A certificate that is to have an OCSP staple.
struct StapleWanted {
  std::shared_ptr<const pki::Certificate> certificate;
  std::shared_ptr<pki::StapleSlot> slot;
  /// It does not serve without.
  bool required = false;
};

/// The immutable running form of a configuration, shared by all workers. A session keeps the one
/// it started with.
struct Snapshot {
  config::Config config;
  RouteTable sites;
  Upstreams upstreams;
  /// Of their endpoints; the same object in every snapshot of a process.
  std::shared_ptr<upstream::EndpointStates> endpoint_states;
  /// How those with TLS shake hands, by upstream.
  UpstreamTlsTerms upstream_tls;
  std::vector<Listening> listeners;

  std::vector<CertificateState> certificates;
  /// What is wrong on the disk, and does not serve for that reason; what was there before does.
  /// Always empty at start.
  std::vector<Problem> held;
  /// The TLS contexts, by all that they are made of: a later snapshot takes over those that stay
  /// the same.
  std::map<std::string, std::shared_ptr<const pki::ServerContext>> contexts;
  /// What all contexts seal tickets with; the same object in every snapshot of a process.
  std::shared_ptr<pki::TicketKeys> ticket_keys;
  ClientTrusts client_trusts;
  /// The slots of staples; the same object in every snapshot of a process.
  std::shared_ptr<pki::StapleBook> staples;
  std::vector<StapleWanted> staples_wanted;
  /// Slots of certificates that will serve once their staple has come: then it is time to rebuild.
  std::vector<std::shared_ptr<const pki::StapleSlot>> staples_awaited;

  /// By its name (config::listener_names); null when the configuration has no such listener.
  const Listening* listening(const std::string& name) const;
  bool trusts(const SocketAddress& client) const;

  /// Loads and proves every certificate, checks that each name has one that covers it, resolves
  /// upstreams, and builds the TLS contexts. Every problem goes to `report`; null if there is an
  /// error. Blocks on files and DNS.
  static std::shared_ptr<const Snapshot> build(const config::Config& config,
                                               std::chrono::system_clock::time_point now,
                                               Report& report);

  /// The same while `before` serves. A certificate that is not good any more keeps no other from
  /// being replaced, and its names go on with what they have (while its dates hold): that is told
  /// in `held`. With `before`'s own configuration this always succeeds.
  static std::shared_ptr<const Snapshot> rebuild(const config::Config& config,
                                                 std::chrono::system_clock::time_point now,
                                                 const Snapshot& before, Report& report);
};

}  // namespace wssgate::gateway
