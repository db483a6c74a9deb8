#include "gateway/certificates.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <thread>
#include <unordered_set>
#include <utility>

#include "pki/source_files.h"
#include "pki/x509_facts.h"

namespace wssgate::gateway {
namespace {

// Below that many certificates for each thread, starting it costs more than it saves.
constexpr std::size_t kWorthAThread = 64;

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
  judge_roots();
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

void Certificates::judge_roots() {
  for (const CertificateState& state : *before_) {
    const X509* const root = state.proof ? state.proof->root.get() : nullptr;
    if (root == nullptr) continue;
    const auto [known, fresh] = trusted_.try_emplace(root, false);
    if (fresh) known->second = trust_.anchors.hold(root);
  }
}

void Certificates::load_folders(const std::vector<config::Located<std::string>>& folders) {
  for (const auto& folder : folders) {
    folders_.push_back(folder.value);
    Report found;
    const auto sources = pki::find_certificates({folder.value, folder.at}, found);
    (before_ == nullptr ? report_ : held_).append(found);
    load_ahead(sources);
    for (const pki::CertificateSource& source : sources) {
      if (auto certificate = load(source)) on_disk_.add(std::move(certificate));
    }
  }
}

void Certificates::load_ahead(const std::vector<pki::CertificateSource>& sources) {
  std::vector<pki::CertificateSource> fresh;  // two hosts may name one pair
  std::unordered_set<std::string> seen;
  for (const pki::CertificateSource& source : sources) {
    const std::string name = pair_name(source);
    if (index_.count(name) == 0 && seen.insert(name).second) fresh.push_back(source);
  }
  std::vector<Found> found = look_at_all(fresh);
  for (std::size_t i = 0; i < fresh.size(); ++i) add(fresh[i], std::move(found[i]));
}

/// At a reload in this thread alone: the workers need the other processors.
std::vector<Certificates::Found> Certificates::look_at_all(
    const std::vector<pki::CertificateSource>& sources) {
  std::vector<Found> found(sources.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < sources.size(); i = next++) found[i] = look_at(sources[i]);
  };
  const std::size_t processors = before_ == nullptr ? std::thread::hardware_concurrency() : 1;
  std::vector<std::future<void>> others;
  for (std::size_t i = 1; i < std::min(processors, sources.size() / kWorthAThread); ++i) {
    others.push_back(std::async(std::launch::async, work));
  }
  work();
  for (auto& other : others) other.get();
  return found;
}

std::shared_ptr<const pki::Certificate> Certificates::load(const pki::CertificateSource& source) {
  const auto known = index_.find(pair_name(source));
  if (known != index_.end()) return states_[known->second].served;
  add(source, look_at(source));
  return states_.back().served;
}

void Certificates::add(const pki::CertificateSource& source, Found found) {
  index_.emplace(pair_name(source), states_.size());
  states_.push_back(judge(source, std::move(found)));
}

/// In several threads at once.
Certificates::Found Certificates::look_at(const pki::CertificateSource& source) {
  const auto files = pki::SourceFiles::read(source);
  const CertificateState* const old = before(source);
  Found found;
  found.proven_before = old != nullptr && is_still_proven(*old, files);
  if (found.proven_before) return found;
  found.outcome = pki::load_certificate(source, files, trust_, cas_, now_, found.report);
  return found;
}

CertificateState Certificates::judge(const pki::CertificateSource& source, Found found) {
  const CertificateState* const old = before(source);
  if (found.proven_before) {
    return {.source = source,
            .served = old->served,
            .refused = {},
            .proof = old->proof,
            .on_disk_not_after = old->on_disk_not_after};
  }
  pki::LoadOutcome& loaded = found.outcome;
  if (!loaded.certificate && is_from_a_folder(source)) {
    on_disk_.add_refused(source.chain_file, loaded.names);
  }
  const bool had = old != nullptr && old->served != nullptr;
  CertificateState state{.source = source,
                         .served = std::move(loaded.certificate),
                         .refused = {},
                         .proof = std::move(loaded.proof),
                         .on_disk_not_after = loaded.not_after};
  if (state.served || before_ == nullptr) {
    report_.append(found.report);
    // One object for one certificate: what was made from it is shared with earlier connections.
    if (state.served && had && is_same(*old->served, *state.served)) state.served = old->served;
    return state;
  }
  for (const Problem& problem : found.report.problems()) {
    if (problem.severity == Severity::warning) continue;  // of what does not serve
    held_.add(problem);
    state.refused.push_back(problem);
  }
  if (had && is_in_date(*old->served)) state.served = old->served;
  return state;
}

bool Certificates::is_still_proven(const CertificateState& old,
                                   const pki::SourceFiles& files) const {
  if (!old.served || !old.refused.empty() || !old.proof) return false;
  const pki::Proof& proof = *old.proof;
  return proof.at <= now_ && now_ < proof.until && !proof.files.empty() &&
         proof.files == files.digest() && proof.root && trusted_.at(proof.root.get());
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
