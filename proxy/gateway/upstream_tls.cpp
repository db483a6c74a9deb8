#include "gateway/upstream_tls.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/address.h"
#include "base/hostname.h"

namespace wssgate::gateway {
namespace {

using TermsPtr = std::shared_ptr<const pki::PeerTerms>;
using TimePoint = std::chrono::system_clock::time_point;

std::optional<pki::UpstreamTrust> trust_for(const config::UpstreamTls& tls,
                                            const pki::TrustAnchors& anchors, TimePoint now,
                                            Report& report) {
  if (!tls.verify) return std::nullopt;
  if (tls.ca.value.empty()) return pki::UpstreamTrust::of(anchors);
  return pki::UpstreamTrust::load({tls.ca.value, tls.ca.at}, now, report);
}

std::shared_ptr<const pki::ClientIdentity> identity_for(const config::UpstreamTls& tls,
                                                        TimePoint now, Report& report) {
  if (!tls.certificate) return nullptr;
  const auto& [chain, key] = *tls.certificate;
  return pki::ClientIdentity::load(
      {.chain_file = chain.value, .key_file = key.value, .named_at = chain.at}, now, report);
}

/// Null with a problem.
TermsPtr terms_for(const std::string& upstream, const config::UpstreamTls& tls,
                   const pki::TrustAnchors& anchors, TimePoint now, const TermsPtr& before,
                   Report& report) {
  const std::size_t errors = report.errors();
  const auto trust = trust_for(tls, anchors, now, report);
  const auto identity = identity_for(tls, now, report);
  if (report.errors() != errors) return nullptr;
  const pki::UpstreamTrust* const judged_by = trust ? &*trust : nullptr;
  const std::string& name = tls.server_name.value;
  if (before && before->digest == peer_terms_digest(upstream, name, judged_by, identity.get())) {
    return before;
  }
  auto made = pki::make_peer_terms(upstream, name, judged_by, identity.get());
  if (made) return *std::move(made);
  report.add(tls.at, made.error().context, "check what is named in this section");
  return nullptr;
}

}  // namespace

UpstreamTlsTerms make_upstream_tls(const std::vector<config::Upstream>& configured,
                                   const pki::TrustAnchors& anchors,
                                   std::chrono::system_clock::time_point now,
                                   const UpstreamTlsTerms* before, Report& report) {
  UpstreamTlsTerms all;
  for (const config::Upstream& upstream : configured) {
    if (!upstream.tls) continue;
    TermsPtr old;
    if (before != nullptr) {
      if (const auto found = before->find(upstream.name); found != before->end()) {
        old = found->second;
      }
    }
    TermsPtr terms = terms_for(upstream.name, *upstream.tls, anchors, now, old, report);
    if (!terms) terms = old;
    if (terms) all[upstream.name] = std::move(terms);
    if (upstream.tls->verify) continue;
    report.warn(
        upstream.tls->at,
        fmt::format("the upstream '{}' is NOT VERIFIED (tls.verify is off): whoever can get "
                    "between is taken for it, and reads and changes everything",
                    upstream.name),
        "name its CA under tls.ca, and remove 'verify: off'", Problem::Kind::unverified_upstream);
  }
  return all;
}

std::string host_to_verify(const std::string& endpoint) {
  const auto parts = parse_host_port(endpoint);
  if (!parts) return {};
  return canonical_hostname(parts->host).value_or(parts->host);
}

}  // namespace wssgate::gateway
