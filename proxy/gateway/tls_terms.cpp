#include "gateway/tls_terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace wssgate::gateway {
namespace {

std::vector<pki::LocatedName> located(const std::vector<config::Located<std::string>>& names) {
  std::vector<pki::LocatedName> list;
  list.reserve(names.size());
  for (const auto& name : names) list.push_back({name.value, name.at});
  return list;
}

/// The same problem is told once, however many profiles it has.
void add_once(Report& report, const SourceLocation& at, const pki::PolicyFault& fault) {
  const auto& told = report.problems();
  const bool known = std::any_of(told.begin(), told.end(), [&](const Problem& problem) {
    return problem.at == at && problem.message == fault.message;
  });
  if (!known) report.add(at, fault.message, fault.hint);
}

/// Suites that the section itself leaves no version for.
void refuse_unused_suite(const config::TlsSection& section, const pki::TlsOverrides& overrides,
                         Report& report) {
  if (!overrides.tls12_ciphers || overrides.tls12_ciphers->empty()) return;
  const bool is_modern = overrides.preset && overrides.preset->min_version == TLS1_3_VERSION;
  if (overrides.min_version.value_or(is_modern ? TLS1_3_VERSION : TLS1_2_VERSION) !=
      TLS1_3_VERSION) {
    return;
  }
  for (const auto& name : section.ciphers) {
    if (name.value != overrides.tls12_ciphers->front()) continue;
    report.add(
        name.at,
        fmt::format("'{}' is a suite of TLS 1.2, which this section does not allow", name.value),
        "remove it, or allow TLS 1.2 by min_version or preset");
  }
}

pki::TlsOverrides overrides_of(const std::optional<config::TlsSection>& section, Report& report) {
  pki::TlsOverrides made;
  if (!section) return made;
  made.at = section->at;
  if (const auto preset = section->preset.value) {
    made.preset = *preset == config::TlsPreset::modern ? pki::TlsPolicy::modern()
                                                       : pki::TlsPolicy::intermediate();
  }
  if (const auto version = section->min_version.value) {
    made.min_version = *version == config::TlsVersion::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION;
  }
  const std::size_t before = report.errors();
  if (!section->ciphers.empty()) pki::take_ciphers(located(section->ciphers), made, report);
  if (!section->groups.empty()) pki::take_groups(located(section->groups), made, report);
  if (report.errors() != before) {
    // What is wrong is told; that nothing is left of a list would be no news.
    made.tls12_ciphers.reset();
    made.tls13_ciphers.reset();
    made.groups.reset();
  }
  refuse_unused_suite(*section, made, report);
  return made;
}

}  // namespace

TlsProfiles::TlsProfiles(const config::Config& config, Report& report) : report_(report) {
  for (const config::Listener& listener : config.listeners) {
    if (listener.redirect_to_https != 0) {
      of_listeners_.push_back(0);
      continue;
    }
    pki::TlsOverrides overrides = overrides_of(listener.tls, report);
    const auto known = std::find(profiles_.begin(), profiles_.end(), overrides);
    of_listeners_.push_back(static_cast<std::size_t>(known - profiles_.begin()));
    if (known == profiles_.end()) profiles_.push_back(std::move(overrides));
  }
  if (profiles_.empty()) profiles_.emplace_back();
  for (const pki::TlsOverrides& profile : profiles_) {
    policies_.push_back(judge(profile.over(*pki::TlsPolicy::usual()), profile.at));
  }
}

TlsProfiles::Policies TlsProfiles::policies_for(const config::Host& host) {
  if (!host.tls) return policies_;
  const pki::TlsOverrides overrides = overrides_of(host.tls, report_);
  Policies policies;
  for (const auto& policy : policies_) {
    policies.push_back(judge(overrides.over(*policy), host.tls->at));
  }
  return policies;
}

/// A policy that nobody could shake hands by is a problem, and the built-in one takes its place, so
/// that what follows from it is not told as well: with a problem nothing of this serves.
std::shared_ptr<const pki::TlsPolicy> TlsProfiles::judge(pki::TlsPolicy policy,
                                                         const SourceLocation& at) {
  const auto& usual = pki::TlsPolicy::usual();
  if (policy == *usual) return usual;
  const auto fault = pki::policy_fault(policy);
  if (!fault) return std::make_shared<const pki::TlsPolicy>(std::move(policy));
  add_once(report_, at, *fault);
  return usual;
}

std::optional<pki::TicketRing> read_ticket_ring(const config::Config& config, Report& report) {
  const auto& file = config.tickets.keys;
  if (file.value.empty()) return std::nullopt;
  return pki::TicketKeys::load_file({file.value, file.at}, report);
}

void use_ticket_ring(pki::TicketKeys& keys, const config::Config& config,
                     std::optional<pki::TicketRing> ring) {
  const bool was_a_file = !keys.next_rotation();
  if (ring) {
    keys.adopt(*std::move(ring));
  } else if (config.tickets.keys.value.empty() && was_a_file) {
    keys.rotate(pki::TicketKeys::Clock::now());
  }
}

std::shared_ptr<const pki::ClientTrust> client_trust_of(const config::Host& host,
                                                        std::chrono::system_clock::time_point now,
                                                        const ClientTrusts* before,
                                                        ClientTrusts& loaded, Report& report) {
  if (!host.client_certificates) return nullptr;
  const auto& [ca, mode] = *host.client_certificates;
  const bool required = mode == config::ClientCertificateRule::required;
  const std::string name = ca.value + (required ? "\nrequired" : "\noptional");
  const auto [entry, fresh] = loaded.try_emplace(name);
  if (!fresh) return entry->second;
  entry->second = pki::ClientTrust::load(
      {ca.value, ca.at}, required ? pki::ClientRule::required : pki::ClientRule::optional, now,
      report);
  if (!entry->second && before != nullptr) {
    if (const auto old = before->find(name); old != before->end()) entry->second = old->second;
  }
  return entry->second;
}

}  // namespace wssgate::gateway
