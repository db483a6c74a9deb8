#include "doctor/chain_walk.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "base/hostname.h"
#include "base/text.h"
#include "pki/ocsp.h"
#include "pki/x509_facts.h"

namespace wssgate::doctor {
namespace {

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(bytes);
  if (size != 4 && size != 16) return {};
  const char* const done = inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes),
                                     text.data(), text.size());
  return done == nullptr ? std::string() : std::string(done);
}

}  // namespace

std::vector<std::string> alternative_names(const X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, pki::OpensslDeleter<GENERAL_NAMES_free>> all(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  ERR_clear_error();
  std::vector<std::string> names;
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) {
      const auto* const text =
          reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
      names.push_back(
          printable({text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}));
    } else if (name->type == GEN_IPADD) {
      names.push_back(address_text(name->d.iPAddress));
    }
  }
  return names;
}

bool covers(const X509* certificate, const std::string& name) {
  if (!canonical_hostname(name)) {
    return X509_check_ip_asc(const_cast<X509*>(certificate), name.c_str(), 0) == 1;
  }
  const auto names = pki::dns_names(certificate);
  return std::any_of(names.begin(), names.end(),
                     [&](const HostPattern& pattern) { return pattern.covers(name); });
}

ChainWalk walk_chain(const TlsAnswer& answer, const pki::TrustAnchors& anchors) {
  ChainWalk walk;
  if (answer.chain.empty()) return walk;
  walk.path.push_back(0);
  const auto is_on_path = [&](std::size_t index) {
    return std::find(walk.path.begin(), walk.path.end(), index) != walk.path.end();
  };
  for (;;) {
    X509* const top = answer.chain[walk.path.back()].get();
    if (pki::is_self_signed(top)) {
      walk.ends_self_signed = true;
      if (anchors.hold(top)) walk.root = pki::share(top);
      return walk;
    }
    std::optional<std::size_t> issuer;
    for (std::size_t i = 0; i < answer.chain.size() && !issuer; ++i) {
      X509* const candidate = answer.chain[i].get();
      if (!is_on_path(i) && pki::has_issuer_name_of(top, candidate) &&
          pki::is_signed_by(top, candidate)) {
        issuer = i;
      }
    }
    // As clients do: the shortest way to a root that they trust, whatever else is sent.
    walk.root = anchors.root_of(top);
    const bool sends_that_root =
        issuer && walk.root && X509_cmp(answer.chain[*issuer].get(), walk.root.get()) == 0;
    if (walk.root && !sends_that_root) return walk;
    if (!issuer) return walk;
    walk.root = nullptr;
    walk.path.push_back(*issuer);
  }
}

StapleState staple_state(const TlsAnswer& answer, const ChainWalk& walk, const Judge& judge) {
  if (answer.chain.empty()) return {"absent", ""};
  X509* const leaf = answer.chain.front().get();
  if (answer.staple.empty()) {
    const bool can = !pki::ocsp_responders(leaf).empty() || pki::has_https_responder(leaf);
    return can ? StapleState{"absent", ""}
               : StapleState{"not applicable", "the certificate names no OCSP responder"};
  }
  pki::Certificate certificate;
  certificate.leaf = pki::share(leaf);
  if (walk.path.size() > 1) {
    certificate.issuer = pki::share(answer.chain[walk.path[1]].get());
  } else {
    certificate.issuer = pki::share(walk.root.get());
  }
  if (!certificate.issuer) return {"unverified", "the issuer that signed it is not sent"};
  const auto verdict = pki::judge_ocsp_response(answer.staple, certificate, judge.now);
  switch (verdict.status) {
    case pki::OcspStatus::good:
      return {"good", fmt::format("until {}", pki::iso_time(verdict.next_update))};
    case pki::OcspStatus::revoked:
      return {"revoked", verdict.why};
    case pki::OcspStatus::unusable:
      break;
  }
  return {"unusable", verdict.why};
}

}  // namespace wssgate::doctor
