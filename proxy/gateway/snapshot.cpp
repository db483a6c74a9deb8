#include "gateway/snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "gateway/ocsp_terms.h"

namespace wssgate::gateway {
namespace {

using TimePoint = std::chrono::system_clock::time_point;

std::vector<pki::NamedPath> root_files(const config::Config& config) {
  std::vector<pki::NamedPath> files;
  for (const auto& root : config.certificates.roots) files.push_back({root.value, root.at});
  return files;
}

std::optional<pki::NamedPath> intermediates(const config::Config& config) {
  const auto& folder = config.certificates.intermediates;
  if (folder.value.empty()) return std::nullopt;
  return pki::NamedPath{folder.value, folder.at};
}

/// Two sets of terms have one name only if they are the same. Certificates are told apart as
/// objects: Certificates makes one of those that are the same.
std::string context_name(const pki::ServerTerms& terms) {
  std::string name = terms.identity;
  if (terms.policy != pki::TlsPolicy::usual()) name += " " + terms.policy->digest_text();
  if (terms.client_trust) name += " " + terms.client_trust->digest_text();
  for (const auto& [certificate, staple] : terms.certificates) {
    name += fmt::format(" {}/{}", fmt::ptr(certificate.get()), fmt::ptr(staple.get()));
  }
  return name;
}

pki::CertificateSource source_of(const config::CertificateFiles& files) {
  return {.chain_file = files.chain.value,
          .key_file = files.key.value,
          .named_at = files.chain.at,
          .staple_file = files.staple.value};
}

/// Those that hosts name for themselves.
std::vector<pki::CertificateSource> own_pairs(const config::Config& config) {
  std::vector<pki::CertificateSource> sources;
  for (const config::Host& host : config.hosts) {
    if (host.certificate) sources.push_back(source_of(*host.certificate));
  }
  return sources;
}

/// What all names of a host have in common.
struct HostTerms {
  const config::Host& configured;
  std::shared_ptr<const Host> host;
  TlsProfiles::Policies policies;
  std::shared_ptr<const pki::ClientTrust> client_trust;
};

/// Builds one snapshot; holds what its steps share.
class Builder {
 public:
  Builder(const config::Config& config, TimePoint now, const Snapshot* before, Report& report)
      : config_(config),
        now_(now),
        before_(before),
        report_(report),
        profiles_(config, report),
        trust_(pki::Trust::load(root_files(config), intermediates(config), now, report)),
        certificates_(before == nullptr ? nullptr : &before->certificates, trust_, now, report,
                      held_) {}

  std::shared_ptr<Snapshot> build() {
    snapshot_->config = config_;
    snapshot_->upstream_tls =
        make_upstream_tls(config_.upstreams, trust_.anchors, now_,
                          before_ == nullptr ? nullptr : &before_->upstream_tls, report_);
    snapshot_->endpoint_states = before_ != nullptr ? before_->endpoint_states
                                                    : std::make_shared<upstream::EndpointStates>();
    snapshot_->upstreams = make_upstreams(config_.upstreams, snapshot_->upstream_tls,
                                          before_ == nullptr ? Upstreams() : before_->upstreams,
                                          *snapshot_->endpoint_states, report_);
    add_listeners();
    snapshot_->ticket_keys = before_ != nullptr
                                 ? before_->ticket_keys
                                 : std::make_shared<pki::TicketKeys>(pki::TicketKeys::Clock::now());
    snapshot_->staples =
        before_ != nullptr ? before_->staples : std::make_shared<pki::StapleBook>();
    auto ticket_ring = read_ticket_ring(config_, report_);
    certificates_.load_folders(config_.certificates.folders);
    certificates_.load_ahead(own_pairs(config_));
    for (const config::Host& host : config_.hosts) add_host(host);
    snapshot_->certificates = certificates_.take_states();
    snapshot_->held = held_.by_place();
    if (report_.ok() || is_serving_already()) {
      use_ticket_ring(*snapshot_->ticket_keys, config_, std::move(ticket_ring));
    }
    return snapshot_;
  }

 private:
  void add_listeners();
  std::shared_ptr<const Host> make_host(const config::Host& configured) const;
  void add_host(const config::Host& configured);
  Certificates::Served choose(const config::Host& host, const config::Located<HostPattern>& name);
  Certificates::Served choose_own(const config::CertificateFiles& files,
                                  const config::Located<HostPattern>& name);
  Certificates::Served without(const config::Located<HostPattern>& name, const std::string& message,
                               const std::string& hint);
  bool is_serving_already() const { return before_ != nullptr && &config_ == &before_->config; }
  Site make_site(const HostTerms& terms, const config::Located<HostPattern>& name,
                 const Certificates::Served& chosen);
  std::vector<pki::ServedCertificate> staple(const config::Host& host,
                                             const config::Located<HostPattern>& name,
                                             const Certificates::Served& chosen);
  pki::ServedCertificate with_slot(const config::Host& host,
                                   const std::shared_ptr<const pki::Certificate>& certificate);
  void judge_ocsp_mode_once(const pki::Certificate& certificate,
                            const config::Located<config::OcspMode>& mode);
  std::shared_ptr<const pki::ServerContext> context(pki::ServerTerms terms,
                                                    const SourceLocation& at);

  const config::Config& config_;
  TimePoint now_;
  const Snapshot* before_;
  Report& report_;
  Report held_;
  TlsProfiles profiles_;
  pki::Trust trust_;
  Certificates certificates_;
  pki::ContextTrial trial_;
  std::set<std::pair<const void*, const void*>> ocsp_judged_;
  std::shared_ptr<Snapshot> snapshot_ = std::make_shared<Snapshot>();
};

void Builder::add_listeners() {
  const std::vector<std::string> names = config::listener_names(config_);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const config::Listener& listener = config_.listeners[i];
    snapshot_->listeners.push_back({.name = names[i],
                                    .redirect_port = listener.redirect_to_https,
                                    .tls_profile = profiles_.of_listeners()[i],
                                    .proxies = listener.proxy_protocol
                                                   ? listener.proxy_protocol->from
                                                   : std::vector<Network>()});
  }
}

std::shared_ptr<const Host> Builder::make_host(const config::Host& configured) const {
  auto host = std::make_shared<Host>();
  for (const auto& name : configured.names) host->names.push_back(name.value);
  for (const config::Route& route : configured.routes) {
    const auto upstream = snapshot_->upstreams.find(route.upstream.value);
    if (upstream == snapshot_->upstreams.end()) continue;  // the loader has reported it
    Route made{.path = route.path,
               .upstream = upstream->second,
               .websocket = route.websocket,
               .allowed_origins = {},
               .tunnel = route.tunnel ? route.tunnel->over(config_.websocket) : config_.websocket};
    for (const auto& origin : route.allowed_origins) made.allowed_origins.push_back(origin.value);
    host->routes.push_back(std::move(made));
  }
  const auto passthrough = snapshot_->upstreams.find(configured.passthrough.value);
  if (passthrough != snapshot_->upstreams.end()) host->passthrough = passthrough->second;
  if (configured.hsts) host->strict_transport_security = configured.hsts->field_value();
  return host;
}

void Builder::add_host(const config::Host& configured) {
  if (!configured.passthrough.value.empty()) {
    Site site;
    site.host = make_host(configured);
    for (const auto& name : configured.names) snapshot_->sites.add(name.value, site);
    return;
  }
  const HostTerms terms{
      .configured = configured,
      .host = make_host(configured),
      .policies = profiles_.policies_for(configured),
      .client_trust =
          client_trust_of(configured, now_, before_ == nullptr ? nullptr : &before_->client_trusts,
                          snapshot_->client_trusts, report_)};
  // Without knowing whom to let in, nobody is: never everybody.
  const bool closed = configured.client_certificates && !terms.client_trust;
  for (const auto& name : configured.names) {
    Certificates::Served chosen = choose(configured, name);
    if (closed) chosen.clear();
    snapshot_->sites.add(name.value, make_site(terms, name, chosen));
  }
}

Certificates::Served Builder::choose(const config::Host& host,
                                     const config::Located<HostPattern>& name) {
  if (host.certificate) return choose_own(*host.certificate, name);
  auto selected = certificates_.select(name.value);
  if (!selected.empty()) return selected;
  if (const auto refused = certificates_.refused_for(name.value)) {
    return without(name,
                   fmt::format("no valid certificate covers '{}': {} does, but is refused",
                               name.value.text(), *refused),
                   "put right what is said of that certificate or its key");
  }
  return without(name, fmt::format("no valid certificate covers '{}'", name.value.text()),
                 "put one whose subject alternative names include it into a folder of "
                 "certificates.folders, or name its files in this host's 'certificate'");
}

Certificates::Served Builder::choose_own(const config::CertificateFiles& files,
                                         const config::Located<HostPattern>& name) {
  const auto own = certificates_.load(source_of(files));
  if (own && own->covers(name.value)) return {own};
  if (!own) {
    // At start, why is told where the certificate was loaded.
    if (before_ == nullptr) return {};
    return without(name,
                   fmt::format("the certificate {} may not serve, and so nothing can serve '{}'",
                               files.chain.value, name.value.text()),
                   "mend what is wrong with it");
  }
  return without(
      name,
      fmt::format("the certificate {} does not cover '{}'", files.chain.value, name.value.text()),
      "name a certificate whose subject alternative names include it, or leave "
      "'certificate' out so that one is found by its names");
}

/// Nothing on the disk may serve a name. That refuses a configuration, unless the name had
/// something before that has expired meanwhile: then it goes on with nothing. In the configuration
/// that serves already, the name keeps what it has.
Certificates::Served Builder::without(const config::Located<HostPattern>& name,
                                      const std::string& message, const std::string& hint) {
  const Site* old = before_ == nullptr ? nullptr : before_->sites.find(name.value);
  if (old != nullptr && old->host->passthrough) old = nullptr;  // it never had a certificate
  Certificates::Served kept;
  if (old != nullptr) kept = certificates_.in_date(old->certificates);
  const bool refuse = old == nullptr || (!kept.empty() && !is_serving_already());
  (refuse ? report_ : held_).add(name.at, message, hint);
  if (refuse) return {};
  for (const auto& certificate : kept) certificates_.keep(certificate, message, hint);
  return kept;
}

Site Builder::make_site(const HostTerms& terms, const config::Located<HostPattern>& name,
                        const Certificates::Served& chosen) {
  Site site{.host = terms.host,
            .certificates = {},
            .tls = {},
            .needed_staples = {},
            .end = TimePoint::max()};
  if (chosen.empty()) return site;
  site.certificates = staple(terms.configured, name, chosen);
  for (const auto& [certificate, slot] : site.certificates) {
    site.end = std::min(site.end, certificate->not_after);
    if (slot && needs_staple(*certificate, terms.configured.ocsp.value)) {
      site.needed_staples.push_back(slot);
    }
  }
  if (site.certificates.empty()) return site;
  for (const auto& policy : terms.policies) {
    site.tls.push_back(context({.certificates = site.certificates,
                                .identity = terms.host->label(),
                                .policy = policy,
                                .ticket_keys = snapshot_->ticket_keys,
                                .client_trust = terms.client_trust},
                               name.at));
  }
  return site;
}

/// The chosen certificates that may serve now, with the slots of their staples. Those that must
/// have a staple and have none yet wait for it. Where that leaves nothing, what serves the name
/// goes on; where nothing does, handshakes are refused until a staple has come
/// (Site::needed_staples).
std::vector<pki::ServedCertificate> Builder::staple(const config::Host& host,
                                                    const config::Located<HostPattern>& name,
                                                    const Certificates::Served& chosen) {
  std::vector<pki::ServedCertificate> ready;
  std::vector<pki::ServedCertificate> waiting;
  for (const auto& certificate : chosen) {
    judge_ocsp_mode_once(*certificate, host.ocsp);
    auto served = with_slot(host, certificate);
    const bool needs = needs_staple(*certificate, host.ocsp.value);
    if (needs && served.staple == nullptr) continue;  // off, which has just been told to be wrong
    const bool waits = needs && !served.staple->good(now_);
    if (waits) snapshot_->staples_awaited.push_back(served.staple);
    (waits ? waiting : ready).push_back(std::move(served));
  }
  if (!ready.empty()) return ready;
  const Site* const old = before_ == nullptr ? nullptr : before_->sites.find(name.value);
  const auto kept =
      old == nullptr ? Certificates::Served() : certificates_.in_date(old->certificates);
  if (kept.empty() || kept == chosen) return waiting;
  const std::string message =
      fmt::format("the certificate waits for its OCSP staple; the one before goes on serving '{}'",
                  name.value.text());
  const std::string hint = "see in the log why the responder gives none, if this lasts";
  report_.warn({chosen.front()->chain_file, 0, 0}, message, hint);
  for (const auto& certificate : chosen) {
    certificates_.wait(certificate, kept.front(), message, hint);
  }
  for (const auto& certificate : kept) ready.push_back(with_slot(host, certificate));
  return ready;
}

pki::ServedCertificate Builder::with_slot(
    const config::Host& host, const std::shared_ptr<const pki::Certificate>& certificate) {
  if (host.ocsp.value == config::OcspMode::off) return {certificate, nullptr};
  const auto slot = snapshot_->staples->slot(certificate->fingerprint);
  const auto& from_file = certificate->file_staple;
  if (from_file && !slot->revoked() && !slot->good(now_)) slot->set(from_file);
  const bool needed = needs_staple(*certificate, host.ocsp.value);
  snapshot_->staples_wanted.push_back({certificate, slot, needed});
  return {certificate, slot};
}

/// A certificate of many names is judged once for each host.
void Builder::judge_ocsp_mode_once(const pki::Certificate& certificate,
                                   const config::Located<config::OcspMode>& mode) {
  if (ocsp_judged_.emplace(&certificate, &mode).second) {
    judge_ocsp_mode(certificate, mode, report_);
  }
}

/// Names that the same terms hold for share one context, across reloads too.
std::shared_ptr<const pki::ServerContext> Builder::context(pki::ServerTerms terms,
                                                           const SourceLocation& at) {
  const std::string name = context_name(terms);
  std::shared_ptr<const pki::ServerContext>& context = snapshot_->contexts[name];
  if (context) return context;
  if (before_ != nullptr) {
    const auto old = before_->contexts.find(name);
    if (old != before_->contexts.end()) return context = old->second;
  }
  const auto good = trial_.judge(terms);
  if (!good) report_.add(at, good.error().context, "check the certificate and its key");
  return context = std::make_shared<const pki::ServerContext>(std::move(terms));
}

}  // namespace

const Listening* Snapshot::listening(const std::string& name) const {
  const auto found = std::find_if(listeners.begin(), listeners.end(),
                                  [&](const Listening& each) { return each.name == name; });
  return found == listeners.end() ? nullptr : &*found;
}

bool Snapshot::trusts(const SocketAddress& client) const {
  return std::any_of(config.trusted_proxies.begin(), config.trusted_proxies.end(),
                     [&](const Network& network) { return network.contains(client); });
}

std::shared_ptr<const Snapshot> Snapshot::build(const config::Config& config, TimePoint now,
                                                Report& report) {
  auto snapshot = Builder(config, now, nullptr, report).build();
  if (!report.ok()) return nullptr;
  return snapshot;
}

std::shared_ptr<const Snapshot> Snapshot::rebuild(const config::Config& config, TimePoint now,
                                                  const Snapshot& before, Report& report) {
  const bool is_its_own = &config == &before.config;
  Report found;
  auto snapshot = Builder(config, now, &before, found).build();
  if (is_its_own && !found.ok()) {
    // What cannot be read any more (a file of roots) refuses certificates, not the configuration.
    for (const Problem& problem : found.problems()) {
      if (problem.severity == Severity::error) {
        snapshot->held.push_back(problem);
      } else {
        report.add(problem);
      }
    }
    return snapshot;
  }
  report.append(found);
  if (!found.ok()) return nullptr;
  return snapshot;
}

}  // namespace wssgate::gateway
