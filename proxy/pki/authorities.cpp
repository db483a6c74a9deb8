#include "pki/authorities.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>

#include "pki/pem_file.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

bool has_ended(const X509* certificate, TimePoint now) {
  const auto end = not_after(certificate);
  return !end || *end < now;
}

/// One certificate of the file; null when it may not stand there.
X509Ptr read_authority(const PemBlock& block, const std::string& path, SelfSigned self_signed,
                       Report& report) {
  const SourceLocation at{path, block.line, 1};
  X509Ptr certificate = decode_certificate(block);
  if (!certificate) {
    report.add(at, "the certificate is damaged: its PEM block does not decode",
               "copy the whole file again");
    return nullptr;
  }
  const bool stands_for_itself =
      self_signed == SelfSigned::taken && is_self_signed(certificate.get());
  if (X509_check_ca(certificate.get()) == 0 && !stands_for_itself) {
    report.add(at,
               fmt::format("'{}' is no CA, and issues to nobody", subject_label(certificate.get())),
               fmt::format("name its CA '{}' in its place", issuer_label(certificate.get())));
    return nullptr;
  }
  return certificate;
}

}  // namespace

std::optional<Authorities> Authorities::load(const NamedPath& file, const AuthorityWords& words,
                                             SelfSigned self_signed,
                                             std::chrono::system_clock::time_point now,
                                             Report& report) {
  const auto bytes = FileBytes::read(file.path);
  if (!bytes) {
    report.add(file.named_at,
               fmt::format("cannot read {} '{}': {}", words.file, file.path, bytes.error().context),
               "name a PEM file that wssgate's user may read");
    return std::nullopt;
  }
  const std::size_t before = report.errors();
  Authorities authorities;
  authorities.store.reset(X509_STORE_new());
  // A CA below a root that others sign with too can be named alone.
  X509_STORE_set_flags(authorities.store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  const auto blocks = split_pem(bytes->view());
  bool found = false;
  bool one_holds = false;
  std::vector<Problem> ended;
  for (const PemBlock& block : blocks) {
    if (!is_certificate_label(block.label)) continue;
    found = true;
    X509Ptr authority = read_authority(block, file.path, self_signed, report);
    if (!authority) continue;
    if (has_ended(authority.get(), now)) {
      ended.push_back(
          {{file.path, block.line, 1},
           fmt::format("'{}' expired at {}: {}", subject_label(authority.get()),
                       iso_time(X509_get0_notAfter(authority.get())), words.consequence),
           "put its successor here"});
    } else {
      one_holds = true;
    }
    X509_STORE_add_cert(authorities.store.get(), authority.get());  // takes a reference of its own
    authorities.certificates.push_back(std::move(authority));
  }
  for (Problem& each : ended) {
    each.severity = one_holds ? Severity::warning : Severity::error;
    report.add(std::move(each));
  }
  if (!found) {
    auto advice = explain_missing_certificate(file.path, bytes->view(), blocks);
    report.add({file.path, 0, 0}, std::move(advice.message), std::string(words.advice));
  }
  ERR_clear_error();
  if (report.errors() != before) return std::nullopt;
  return authorities;
}

std::string Authorities::digest_text() const {
  std::vector<std::string> fingerprints;
  for (const X509Ptr& each : certificates) fingerprints.push_back(fingerprint(each.get()));
  std::sort(fingerprints.begin(), fingerprints.end());
  std::string text;
  for (const std::string& each : fingerprints) text += " " + each;
  return text;
}

}  // namespace wssgate::pki
