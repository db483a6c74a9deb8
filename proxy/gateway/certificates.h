#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/report.h"
#include "config/model.h"
#include "pki/ca_certificates.h"
#include "pki/certificate.h"
#include "pki/certificate_store.h"
#include "pki/tls_context.h"

namespace wssgate::gateway {

/// One pair of certificate files, and what comes of it.
struct CertificateState {
  pki::CertificateSource source;
  /// What is served from it; null where nothing is.
  std::shared_ptr<const pki::Certificate> served;
  /// Why that is not what lies on the disk now. Empty: it is.
  std::vector<Problem> refused;
  /// Why `served` need not be proven again, where there was nothing to say of it; else null.
  std::shared_ptr<const pki::Proof> proof = nullptr;
  /// When what lies on the disk expires, served or not; nothing where that cannot be read.
  std::optional<std::chrono::system_clock::time_point> on_disk_not_after = std::nullopt;
};

/// The certificates of one configuration. At start, each has to be good. At a reload, one that is
/// not any more is held back by itself: what it replaces goes on serving while its dates hold.
/// Every file is read, but what was proven from the same bytes without any complaint is taken for
/// proven while its root is still trusted and no date is near. Belongs to one thread.
class Certificates {
 public:
  using Served = std::vector<std::shared_ptr<const pki::Certificate>>;

  /// `before` is what served until now, null at start. Errors go to `report` at start and to
  /// `held` at a reload, warnings to `report`.
  Certificates(const std::vector<CertificateState>* before, const pki::Trust& trust,
               std::chrono::system_clock::time_point now, Report& report, Report& held);

  /// Everything in the configured folders. At start all processors take part.
  void load_folders(const std::vector<config::Located<std::string>>& folders);
  /// Proves the pairs that hosts name for themselves, likewise, so that load() has them at once.
  void load_ahead(const std::vector<pki::CertificateSource>& sources);
  /// The pair that a host names for itself; null when there is nothing good to serve from it.
  std::shared_ptr<const pki::Certificate> load(const pki::CertificateSource& source);

  /// The best ones for a name from the folders (CertificateStore::select). Where none is left,
  /// those that served it and have gone from the folders.
  Served select(const HostPattern& name);

  /// The chain file in a folder that would cover the name if it were not refused, if there is one.
  std::optional<std::string> refused_for(const HostPattern& name) const {
    return on_disk_.refused_for(name);
  }

  /// Those of `served` whose dates hold.
  Served in_date(const std::vector<pki::ServedCertificate>& served) const;
  /// `certificate`, which served before, goes on: what is on the disk in its place is refused.
  void keep(const std::shared_ptr<const pki::Certificate>& certificate, const std::string& message,
            const std::string& hint);

  /// `certificate`, which is on the disk and good, does not serve yet; `meanwhile` does.
  void wait(const std::shared_ptr<const pki::Certificate>& certificate,
            const std::shared_ptr<const pki::Certificate>& meanwhile, const std::string& message,
            const std::string& hint);

  /// One for each pair that was found, and for each that is gone and still serves.
  std::vector<CertificateState> take_states() { return std::move(states_); }

 private:
  using Index = std::unordered_map<std::string, std::size_t>;  // by both files

  /// What was found in a pair of files.
  struct Found {
    /// It is what `before` has, and need not be proven again.
    bool proven_before = false;
    pki::LoadOutcome outcome;
    Report report;
  };

  Found look_at(const pki::CertificateSource& source);
  std::vector<Found> look_at_all(const std::vector<pki::CertificateSource>& sources);
  CertificateState judge(const pki::CertificateSource& source, Found found);
  void add(const pki::CertificateSource& source, Found found);
  bool is_still_proven(const CertificateState& old, const pki::SourceFiles& files) const;
  void share_intermediates();
  void judge_roots();
  const CertificateState* before(const pki::CertificateSource& source) const;
  bool is_from_a_folder(const pki::CertificateSource& source) const;
  bool is_in_date(const pki::Certificate& certificate) const;
  const pki::CertificateStore& served_before();

  const std::vector<CertificateState>* before_;
  const pki::Trust& trust_;
  std::chrono::system_clock::time_point now_;
  Report& report_;
  Report& held_;
  pki::CertificateStore on_disk_;
  std::vector<std::string> folders_;
  std::vector<CertificateState> states_;
  Index index_;
  Index index_before_;
  std::optional<pki::CertificateStore> served_before_;
  pki::CaCertificates cas_;
  std::unordered_map<const X509*, bool> trusted_;  // of roots that were before
};

}  // namespace wssgate::gateway
