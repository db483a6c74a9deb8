#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/err.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "pki/pem_file.h"
#include "pki/trust.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

// X509_STORE_set_default_paths would also list the whole folder at each search for a certificate
// that is not there.
void add_system_roots(X509_STORE* store) {
  if (X509_LOOKUP* file = X509_STORE_add_lookup(store, X509_LOOKUP_file())) {
    X509_LOOKUP_load_file(file, nullptr, X509_FILETYPE_DEFAULT);
  }
  if (X509_LOOKUP* folder = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir())) {
    X509_LOOKUP_add_dir(folder, nullptr, X509_FILETYPE_DEFAULT);
  }
}

void add_root(const PemBlock& block, const std::string& path, X509_STORE* store, Report& report) {
  const SourceLocation at{path, block.line, 1};
  const X509Ptr certificate = decode_certificate(block);
  if (!certificate) {
    report.add(at, "the certificate is damaged: its PEM block does not decode",
               "copy the whole file again");
    return;
  }
  if (!is_self_signed(certificate.get())) {
    report.add(at,
               fmt::format("'{}' is not a root: '{}' issued it", subject_label(certificate.get()),
                           issuer_label(certificate.get())),
               fmt::format("name the root here; '{}' belongs into the chain files below it",
                           subject_label(certificate.get())));
    return;
  }
  X509_STORE_add_cert(store, certificate.get());  // takes a reference of its own
}

void add_roots(const NamedPath& file, X509_STORE* store, Report& report) {
  const auto bytes = FileBytes::read(file.path);
  if (!bytes) {
    report.add(file.named_at,
               fmt::format("cannot read the roots '{}': {}", file.path, bytes.error().context),
               "name a PEM file that wssgate's user may read");
    return;
  }
  const auto blocks = split_pem(bytes->view());
  bool found = false;
  for (const PemBlock& block : blocks) {
    if (!is_certificate_label(block.label)) continue;
    found = true;
    add_root(block, file.path, store, report);
  }
  if (found) return;
  auto advice = explain_missing_certificate(file.path, bytes->view(), blocks);
  report.add({file.path, 0, 0}, std::move(advice.message), "give the PEM certificates of roots");
}

/// When the folders of the system's roots were changed. They are looked into certificate by
/// certificate, so what they hold is not known.
std::string folders_state() {
  const char* const named = ::secure_getenv(X509_get_default_cert_dir_env());
  const std::string folders = named != nullptr ? named : X509_get_default_cert_dir();
  std::string state;
  for (const std::string_view folder : split(folders, ':')) {
    struct stat found {};
    if (::stat(std::string(folder).c_str(), &found) != 0) continue;
    state += fmt::format(" {}:{}.{}", folder, found.st_mtim.tv_sec, found.st_mtim.tv_nsec);
  }
  return state;
}

std::string digest_of(X509_STORE* store) {
  std::vector<std::string> roots;
  const STACK_OF(X509_OBJECT)* const objects = X509_STORE_get0_objects(store);
  for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
    const X509* const root = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
    if (root != nullptr) roots.push_back(fingerprint(root));
  }
  std::sort(roots.begin(), roots.end());
  return fmt::format("{}{}", fmt::join(roots, " "), folders_state());
}

}  // namespace

TrustAnchors TrustAnchors::load(const std::vector<NamedPath>& extra_root_files, Report& report) {
  TrustAnchors anchors;
  anchors.store_.reset(X509_STORE_new());
  // A machine without a store of its own is fine: then only the operator's roots count.
  add_system_roots(anchors.store());
  for (const NamedPath& file : extra_root_files) add_roots(file, anchors.store(), report);
  anchors.digest_ = digest_of(anchors.store());  // before looking into the folder adds to it
  ERR_clear_error();
  return anchors;
}

std::vector<X509Ptr> TrustAnchors::roots_called(const X509_NAME* name) const {
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store(), nullptr, nullptr) != 1) return {};
  STACK_OF(X509)* found = X509_STORE_CTX_get1_certs(context.get(), name);
  std::vector<X509Ptr> roots;
  while (X509* one = found == nullptr ? nullptr : sk_X509_pop(found)) {
    X509Ptr certificate(one);
    if (is_self_signed(one)) roots.push_back(std::move(certificate));
  }
  sk_X509_free(found);
  ERR_clear_error();
  return roots;
}

X509Ptr TrustAnchors::root_of(const X509* certificate) const {
  for (X509Ptr& root : roots_called(X509_get_issuer_name(certificate))) {
    if (is_signed_by(certificate, root.get())) return std::move(root);
  }
  return nullptr;
}

bool TrustAnchors::hold(const X509* root) const {
  const auto namesakes = roots_called(X509_get_subject_name(root));
  return std::any_of(namesakes.begin(), namesakes.end(),
                     [&](const X509Ptr& one) { return X509_cmp(one.get(), root) == 0; });
}

bool TrustAnchors::has_name_of_issuer(const X509* certificate) const {
  return !roots_called(X509_get_issuer_name(certificate)).empty();
}

Trust Trust::load(const std::vector<NamedPath>& root_files,
                  const std::optional<NamedPath>& intermediates_folder,
                  std::chrono::system_clock::time_point now, Report& report) {
  Trust trust{.anchors = TrustAnchors::load(root_files, report), .intermediates = {}};
  if (intermediates_folder) {
    trust.intermediates = Intermediates::load(*intermediates_folder, now, report);
  }
  return trust;
}

}  // namespace wssgate::pki
