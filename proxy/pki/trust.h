#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/report.h"
#include "pki/openssl_ptr.h"
#include "pki/verified_signatures.h"

namespace wssgate::pki {

/// A file or folder, and the place in the configuration that named it.
struct NamedPath {
  std::string path;
  SourceLocation named_at;
};

/// The roots that a chain must end in: the system's store, and PEM files named by the operator.
class TrustAnchors {
 public:
  /// Problems with the extra roots' files go to `report`; what could be read is used. Only
  /// self-signed certificates are roots: an intermediate among them would make a chain look
  /// complete that reaches clients without it.
  static TrustAnchors load(const std::vector<NamedPath>& extra_root_files, Report& report);
  X509_STORE* store() const { return store_.get(); }
  /// Equal for the same roots, as far as that can be told without reading the system's folder of
  /// them: of that, when it was changed.
  const std::string& digest_text() const { return digest_; }

  /// The root that issued `certificate`, by name and signature; null when none did.
  X509Ptr root_of(const X509* certificate) const;
  /// `root` is one of them.
  bool hold(const X509* root) const;
  /// A root is called what `certificate` calls its issuer, whoever signed it.
  bool has_name_of_issuer(const X509* certificate) const;

 private:
  std::vector<X509Ptr> roots_called(const X509_NAME* name) const;

  StorePtr store_;
  std::string digest_;
};

/// Intermediates at hand for the chain files that lack one. Without any, nothing is completed.
class Intermediates {
 public:
  struct Member {
    X509Ptr certificate;
    SourceLocation at;
    /// Judged, and fit to go to clients at the time of loading.
    bool fit = false;
  };

  /// All in the *.pem and *.crt files of the folder; each file may hold several. Problems with the
  /// folder, its files and their certificates go to `report`. One that is out of date is a warning:
  /// it harms nothing, and completes nothing.
  static Intermediates load(const NamedPath& folder, std::chrono::system_clock::time_point now,
                            Report& report);

  bool empty() const { return members_.empty(); }
  /// Those that issued `certificate`, by name and signature: the fit ones first, and of these the
  /// one that ends last.
  std::vector<const Member*> issuers_of(const X509* certificate) const;

 private:
  void add_file(const std::string& path, std::chrono::system_clock::time_point now, Report& report);

  std::vector<Member> members_;
};

/// What chains are judged against.
struct Trust {
  TrustAnchors anchors;
  Intermediates intermediates;
  std::unique_ptr<VerifiedSignatures> signatures = std::make_unique<VerifiedSignatures>();

  static Trust load(const std::vector<NamedPath>& root_files,
                    const std::optional<NamedPath>& intermediates_folder,
                    std::chrono::system_clock::time_point now, Report& report);
};

}  // namespace wssgate::pki
