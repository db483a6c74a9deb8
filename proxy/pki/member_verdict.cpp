#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "pki/chain_verdict.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

constexpr const char* kRenew = "renew the certificate";
constexpr const char* kFreshChain = "take the present fullchain.pem from the CA";

constexpr std::chrono::hours kWarning(14 * 24);

// For someone who has to know how much time is left, not to the second.
std::string rough_span(std::chrono::system_clock::duration span) {
  const auto whole_hours = std::chrono::duration_cast<std::chrono::hours>(span).count();
  if (whole_hours >= 48) return fmt::format("{} days", whole_hours / 24);
  if (whole_hours >= 2) return fmt::format("{} hours", whole_hours);
  return fmt::format("{} minutes", std::chrono::duration_cast<std::chrono::minutes>(span).count());
}

void judge_dates(const PathMember& member, bool is_leaf, TimePoint now, Report& report) {
  const X509* certificate = member.certificate;
  const auto start = not_before(certificate);
  const auto end = not_after(certificate);
  const std::string label = subject_label(certificate);
  if (!start || !end) {
    report.add(member.at, fmt::format("the dates of '{}' do not decode", label), kRenew);
    return;
  }
  if (now > *end) {
    report.add(member.at,
               fmt::format("'{}' expired at {}", label, iso_time(X509_get0_notAfter(certificate))),
               is_leaf ? kRenew : kFreshChain);
  } else if (now < *start) {
    report.add(member.at,
               fmt::format("'{}' is not valid before {}", label,
                           iso_time(X509_get0_notBefore(certificate))),
               "check this machine's clock ('date -u'), or wait until then");
  } else {
    warn_of_end(certificate, fmt::format("'{}'", label), member.at, now,
                is_leaf ? kRenew : kFreshChain, report, Problem::Kind::member_expiring);
  }
}

void judge_strength(const PathMember& member, bool is_leaf, Report& report) {
  const X509* certificate = member.certificate;
  const std::string label = subject_label(certificate);
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr) {
    report.add(member.at, fmt::format("the public key of '{}' does not decode", label), kRenew);
  } else if (is_weak(key)) {
    report.add(member.at,
               fmt::format("the key of '{}' is too weak or not widely accepted: {}", label,
                           describe_key(key)),
               is_leaf ? "make an ECDSA P-256 key, or RSA with 2048 bits or more, and a "
                         "certificate for it"
                       : kFreshChain);
  }
  if (is_self_signed(certificate)) return;  // nobody relies on a root's signature
  if (const auto digest = weak_signature(certificate)) {
    report.add(member.at, fmt::format("the signature of '{}' is too weak: {}", label, *digest),
               "have it signed again with SHA-256 or better");
  }
}

void judge_leaf_usage(const PathMember& leaf, Report& report) {
  X509* certificate = leaf.certificate;
  const std::string label = subject_label(certificate);
  // Both functions answer "everything" where the extension is absent, as RFC 5280 §4.2.1.12 has it.
  if ((X509_get_extended_key_usage(certificate) & XKU_SSL_SERVER) == 0) {
    report.add(
        leaf.at,
        fmt::format("'{}' is not for servers: its extended key usage lacks serverAuth", label),
        "get a certificate for a TLS server");
  } else if ((X509_get_key_usage(certificate) & KU_DIGITAL_SIGNATURE) == 0) {
    report.add(leaf.at,
               fmt::format("the key usage of '{}' lacks digitalSignature, which TLS 1.3 and every "
                           "forward-secret suite need",
                           label),
               "get a certificate for a TLS server");
  } else if (X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0) != 1) {
    report.add(leaf.at, fmt::format("the extensions of '{}' forbid its use by a server", label),
               "get a certificate for a TLS server");
  }
}

void judge_client_usage(const PathMember& leaf, Report& report) {
  // The first answers "everything" where the extension is absent.
  const bool fits = (X509_get_extended_key_usage(leaf.certificate) & XKU_SSL_CLIENT) != 0 &&
                    X509_check_purpose(leaf.certificate, X509_PURPOSE_SSL_CLIENT, 0) == 1;
  if (fits) return;
  report.add(leaf.at,
             fmt::format("'{}' is not for clients: its usage extensions lack clientAuth or "
                         "digitalSignature",
                         subject_label(leaf.certificate)),
             "get a certificate for a TLS client");
}

bool judge_issuer_rights(const PathMember& member, Report& report) {
  if (X509_check_purpose(member.certificate, X509_PURPOSE_SSL_SERVER, 1) == 1) return true;
  const std::string label = subject_label(member.certificate);
  if (X509_check_ca(member.certificate) == 0) {
    report.add(member.at,
               fmt::format("'{}' issued the certificate before it, but is no certificate authority "
                           "(basicConstraints CA, keyUsage keyCertSign)",
                           label),
               "get a certificate from a CA");
  } else {
    report.add(member.at,
               fmt::format("'{}' is a certificate authority, but not one for servers", label),
               "get a certificate from a CA for TLS servers");
  }
  return false;
}

bool is_in_force(const PathMember& member, TimePoint now, Report& report) {
  const X509* certificate = member.certificate;
  const auto start = not_before(certificate);
  const auto end = not_after(certificate);
  if (!start || !end) return true;  // judge_dates has words for it
  if (now >= *start && now <= *end) return true;
  const bool is_over = now > *end;
  report.warn(member.at,
              fmt::format("'{}' {} {}, and completes no chain", subject_label(certificate),
                          is_over ? "expired at" : "is not valid before",
                          iso_time(is_over ? X509_get0_notAfter(certificate)
                                           : X509_get0_notBefore(certificate))),
              is_over ? "remove it, or put the CA's present intermediate there"
                      : "check this machine's clock");
  return false;
}

}  // namespace

std::optional<TimePoint> warning_time(const X509* certificate) {
  const auto start = not_before(certificate);
  const auto end = not_after(certificate);
  if (!start || !end) return std::nullopt;
  // Halves before the difference, which could overflow: the dates may be the ends of the clock.
  const auto third = (end->time_since_epoch() / 3) - (start->time_since_epoch() / 3);
  return *end - std::min<TimePoint::duration>(kWarning, third);
}

void warn_of_end(const X509* certificate, const std::string& what, const SourceLocation& at,
                 TimePoint now, const std::string& hint, Report& report, Problem::Kind kind) {
  const auto begin = warning_time(certificate);
  const auto end = not_after(certificate);
  if (!begin || now < *begin || now > *end) return;
  report.warn(at,
              fmt::format("{} expires at {}, in {}", what,
                          iso_time(X509_get0_notAfter(certificate)), rough_span(*end - now)),
              hint, kind);
}

bool judge_intermediate(const PathMember& member, std::chrono::system_clock::time_point now,
                        Report& report) {
  const std::string label = subject_label(member.certificate);
  if (is_self_signed(member.certificate)) {
    report.add(member.at, fmt::format("'{}' is a root, not an intermediate", label),
               "remove it here; if it is your own root, name its file under certificates.roots");
    return false;
  }
  if (X509_check_ca(member.certificate) == 0) {
    report.add(member.at,
               fmt::format("'{}' is no certificate authority (basicConstraints CA, keyUsage "
                           "keyCertSign)",
                           label),
               "only intermediates belong here; a server's certificate goes into a folder of "
               "certificates.folders");
    return false;
  }
  const std::size_t errors_before = report.errors();
  const bool in_force = is_in_force(member, now, report);
  if (in_force) judge_dates(member, false, now, report);
  judge_strength(member, false, report);
  judge_issuer_rights(member, report);
  return in_force && report.errors() == errors_before;
}

void judge_stapling(const PathMember& leaf, Report& report) {
  if (!is_must_staple(leaf.certificate) || !ocsp_responders(leaf.certificate).empty()) return;
  report.add(leaf.at,
             fmt::format("'{}' must be stapled (TLS feature status_request), but names no OCSP "
                         "responder to get a staple from",
                         subject_label(leaf.certificate)),
             "get a certificate without must-staple");
}

bool judge_members(const std::vector<PathMember>& path, std::chrono::system_clock::time_point now,
                   Report& report) {
  bool may_issue = true;
  for (std::size_t i = 0; i < path.size(); ++i) {
    judge_dates(path[i], i == 0, now, report);
    judge_strength(path[i], i == 0, report);
    if (i == 0) {
      judge_leaf_usage(path[i], report);
    } else {
      may_issue = judge_issuer_rights(path[i], report) && may_issue;
    }
  }
  return may_issue;
}

void judge_client_members(const std::vector<PathMember>& path,
                          std::chrono::system_clock::time_point now, Report& report) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    judge_dates(path[i], i == 0, now, report);
    judge_strength(path[i], i == 0, report);
    if (i == 0) judge_client_usage(path[i], report);
  }
}

}  // namespace wssgate::pki
