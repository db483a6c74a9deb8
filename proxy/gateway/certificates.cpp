#include "gateway/certificates.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <unordered_set>
#include <utility>

#include "pki/source_files.h"
#include "pki/x509_facts.h"

namespace wssgate::gateway {
namespace {

std::string pair_name(const pki::CertificateSource& source) {
  return source.chain_file + '\n' + source.key_file;
}

bool is_same_staple(const pki::Certificate& a, const pki::Certificate& b) {
  if (!a.file_staple || !b.file_staple) return a.file_staple == b.file_staple;
  return a.file_staple->der == b.file_staple->der;
}

std::string_view staple_bytes(const pki::Certificate& certificate) {
  if (!certificate.file_staple) return {};
  return certificate.file_staple->der;
}

/// What a client would see is the same, and so is the key.
bool is_same(const pki::Certificate& a, const pki::Certificate& b) {
  return staple_bytes(a) == staple_bytes(b) && a.fingerprint == b.fingerprint &&
         is_same_staple(a, b) && EVP_PKEY_eq(a.key.get(), b.key.get()) == 1 &&
         std::equal(a.intermediates.begin(), a.intermediates.end(), b.intermediates.begin(),
                    b.intermediates.end(), [](const pki::X509Ptr& x, const pki::X509Ptr& y) {
                      return X509_cmp(x.get(), y.get()) == 0;
                    });
}

}  // namespace

Certificates::Certificates(const std::vector<CertificateState>* before, const pki::Trust& trust,
                           std::chrono::system_clock::time_point now, Report& report, Report& held)
    : before_(before), trust_(trust), now_(now), report_(report), held_(held) {
  if (before_ == nullptr) return;
  for (std::size_t i = 0; i < before_->size(); ++i) {
    index_before_.emplace(pair_name((*before_)[i].source), i);
  }
  share_intermediates();
}

void Certificates::share_intermediates() {
  std::unordered_set<X509*> known;
  for (const CertificateState& state : *before_) {
    if (!state.served) continue;
    for (const pki::X509Ptr& intermediate : state.served->intermediates) {
      if (known.insert(intermediate.get()).second) cas_.add(intermediate.get());
    }
  }
}

void Certificates::load_folders(const std::vector<config::Located<std::string>>& folders) {
  for (const auto& folder : folders) {
    folders_.push_back(folder.value);
    Report found;
    const auto sources = pki::find_certificates({folder.value, folder.at}, found);
    (before_ == nullptr ? report_ : held_).append(found);
    for (const pki::CertificateSource& source : sources) {
      if (auto certificate = load(source)) on_disk_.add(std::move(certificate));
    }
  }
}

std::shared_ptr<const pki::Certificate> Certificates::load(const pki::CertificateSource& source) {
  const auto [entry, fresh] = index_.emplace(pair_name(source), states_.size());
  if (fresh) states_.push_back(prove(source));
  return states_[entry->second].served;  // two hosts may name one pair
}

CertificateState Certificates::prove(const pki::CertificateSource& source) {
  const auto files = pki::SourceFiles::read(source);
  const CertificateState* const old = before(source);
  if (old != nullptr && is_still_proven(*old, files)) {
    return {.source = source, .served = old->served, .refused = {}, .proof = old->proof};
  }
  Report found;
  auto loaded = pki::load_certificate(source, files, trust_, cas_, now_, found);
  if (!loaded.certificate && is_from_a_folder(source)) {
    on_disk_.add_refused(source.chain_file, loaded.names);
  }
  const bool had = old != nullptr && old->served != nullptr;
  CertificateState state{.source = source,
                         .served = std::move(loaded.certificate),
                         .refused = {},
                         .proof = std::move(loaded.proof)};
  if (state.served || before_ == nullptr) {
    report_.append(found);
    // One object for one certificate: what was made from it is shared with earlier connections.
    if (state.served && had && is_same(*old->served, *state.served)) state.served = old->served;
    return state;
  }
  for (const Problem& problem : found.problems()) {
    if (problem.severity == Severity::warning) continue;  // of what does not serve
    held_.add(problem);
    state.refused.push_back(problem);
  }
  if (had && is_in_date(*old->served)) state.served = old->served;
  return state;
}

bool Certificates::is_still_proven(const CertificateState& old, const pki::SourceFiles& files) {
  if (!old.served || !old.refused.empty() || !old.proof) return false;
  const pki::Proof& proof = *old.proof;
  return proof.at <= now_ && now_ < proof.until && !proof.files.empty() &&
         proof.files == files.digest() && is_trusted(proof.root.get());
}

bool Certificates::is_trusted(const X509* root) {
  if (root == nullptr) return false;
  const auto [known, fresh] = trusted_.try_emplace(root, false);
  if (fresh) known->second = trust_.anchors.hold(root);
  return known->second;
}

Certificates::Served Certificates::select(const HostPattern& name) {
  Served selected = on_disk_.select(name);
  if (!selected.empty() || before_ == nullptr) return selected;
  selected = served_before().select(name);
  for (const auto& certificate : selected) {
    const std::string message =
        fmt::format("the certificate of '{}' is gone from the disk, and nothing else covers '{}'",
                    pki::subject_label(certificate->leaf.get()), name.text());
    const std::string hint = "put it back, or one that covers the same names";
    held_.add({certificate->chain_file, 0, 0}, message, hint);
    keep(certificate, message, hint);
  }
  return selected;
}

const pki::CertificateStore& Certificates::served_before() {
  if (!served_before_) {
    served_before_.emplace();
    for (const CertificateState& state : *before_) {
      if (state.served && is_in_date(*state.served) && is_from_a_folder(state.source)) {
        served_before_->add(state.served);
      }
    }
  }
  return *served_before_;
}

Certificates::Served Certificates::in_date(
    const std::vector<pki::ServedCertificate>& served) const {
  Served good;
  for (const auto& [certificate, staple] : served) {
    if (is_in_date(*certificate)) good.push_back(certificate);
  }
  return good;
}

void Certificates::keep(const std::shared_ptr<const pki::Certificate>& certificate,
                        const std::string& message, const std::string& hint) {
  const auto serves = [&](const CertificateState& state) { return state.served == certificate; };
  if (std::any_of(states_.begin(), states_.end(), serves)) return;
  const auto old = std::find_if(before_->begin(), before_->end(), serves);
  if (old == before_->end()) return;
  const Problem problem{.at = {certificate->chain_file, 0, 0}, .message = message, .hint = hint};
  states_.push_back({old->source, certificate, {problem}});
}

void Certificates::wait(const std::shared_ptr<const pki::Certificate>& certificate,
                        const std::shared_ptr<const pki::Certificate>& meanwhile,
                        const std::string& message, const std::string& hint) {
  for (CertificateState& state : states_) {
    if (state.served != certificate) continue;
    state.served = meanwhile;
    state.refused = {Problem{.at = {certificate->chain_file, 0, 0},
                             .message = message,
                             .hint = hint,
                             .severity = Severity::warning}};
  }
}

const CertificateState* Certificates::before(const pki::CertificateSource& source) const {
  const auto found = index_before_.find(pair_name(source));
  return found == index_before_.end() ? nullptr : &(*before_)[found->second];
}

bool Certificates::is_from_a_folder(const pki::CertificateSource& source) const {
  return std::any_of(folders_.begin(), folders_.end(), [&](const std::string& folder) {
    const auto path = std::filesystem::path(source.chain_file).parent_path();
    const std::filesystem::path whole = std::filesystem::path(folder) / "";
    return path / "" == whole || path.parent_path() / "" == whole;
  });
}

bool Certificates::is_in_date(const pki::Certificate& certificate) const {
  return certificate.not_before <= now_ && now_ < certificate.not_after;
}

}  // namespace wssgate::gateway
