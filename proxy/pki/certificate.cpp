#include "pki/certificate.h"

#include <fmt/format.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>

#include "pki/ca_certificates.h"
#include "pki/chain.h"
#include "pki/chain_file.h"
#include "pki/chain_verdict.h"
#include "pki/private_key.h"
#include "pki/source_files.h"
#include "pki/staple_file.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

// certbot's chain.pem in the place of its fullchain.pem, say. A self-signed certificate may say CA
// and be the server's all the same, and so may whatever has the key.
bool has_server_certificate(const ChainFile& file, const EVP_PKEY* key, Report& report) {
  const bool found =
      std::any_of(file.members.begin(), file.members.end(), [&](const ChainMember& member) {
        X509* certificate = member.certificate.get();
        const EVP_PKEY* own = X509_get0_pubkey(certificate);
        return X509_check_ca(certificate) == 0 || is_self_signed(certificate) ||
               (key != nullptr && own != nullptr && EVP_PKEY_eq(own, key) == 1);
      });
  if (found) return true;
  report.add({file.path, file.members.front().line, 1},
             fmt::format("the server's certificate is missing: '{}'{} a certificate authority",
                         subject_label(file.members.front().certificate.get()),
                         file.members.size() == 1 ? " is" : " and the others are each"),
             "give the CA's fullchain.pem, which begins with the server's certificate (certbot's "
             "chain.pem lacks it)");
  return false;
}

void check_names(const ChainMember& leaf, const std::vector<HostPattern>& names,
                 const std::string& path, Report& report) {
  if (!names.empty()) return;
  report.add({path, leaf.line, 1},
             fmt::format("'{}' has no DNS name among its subject alternative names; clients do not "
                         "look at the common name",
                         subject_label(leaf.certificate.get())),
             "get a certificate with the host names as DNS subject alternative names");
}

// Of a proven chain.
X509Ptr issuer_of(const X509* leaf, const Chain& chain, const TrustAnchors& anchors) {
  if (!chain.intermediates.empty()) return share(chain.intermediates.front().get());
  return is_self_signed(leaf) ? nullptr : anchors.root_of(leaf);
}

std::shared_ptr<const Proof> proof_of(const Certificate& certificate, const Chain& chain,
                                      const SourceFiles& files,
                                      std::chrono::system_clock::time_point now) {
  auto proof = std::make_shared<Proof>();
  proof->files = files.digest();
  proof->root = share(chain.root.get());
  proof->at = now;
  proof->until = chain.first_warning;
  if (const auto& staple = certificate.file_staple) {
    proof->until = std::min(proof->until, staple->next_update);
  }
  return proof;
}

}  // namespace

bool Certificate::covers(const HostPattern& name) const {
  return std::any_of(names.begin(), names.end(),
                     [&](const HostPattern& own) { return own.covers(name); });
}

LoadOutcome load_certificate(const CertificateSource& source, const SourceFiles& files,
                             const Trust& trust, CaCertificates& cas,
                             std::chrono::system_clock::time_point now, Report& report) {
  const std::size_t errors_before = report.errors();
  const std::size_t problems_before = report.problems().size();
  KeyPtr key = load_private_key(source, files.key, report);
  auto file = read_chain_file(source, files.chain, cas, report);
  if (!file || !has_server_certificate(*file, key.get(), report)) return {};

  Chain chain = prove_chain(*file, key.get(), trust, now, report);
  ChainMember& leaf = file->members[chain.leaf];
  if (key) check_key(leaf, source, key.get(), report);
  LoadOutcome outcome;
  outcome.names = dns_names(leaf.certificate.get());
  outcome.not_after = not_after(leaf.certificate.get());
  check_names(leaf, outcome.names, source.chain_file, report);
  const SourceLocation leaf_at{source.chain_file, leaf.line, 1};
  const bool has_staple_file = files.staple.has_value();
  if (!has_staple_file) judge_stapling({leaf.certificate.get(), leaf_at}, report);
  if (!key || report.errors() != errors_before) return outcome;

  auto certificate = std::make_shared<Certificate>();
  certificate->names = outcome.names;
  certificate->chain_file = source.chain_file;
  certificate->key_type = *key_type(key.get());
  certificate->key = std::move(key);
  certificate->not_before = *not_before(leaf.certificate.get());
  certificate->not_after = *not_after(leaf.certificate.get());
  certificate->fingerprint = fingerprint(leaf.certificate.get());
  certificate->must_staple = is_must_staple(leaf.certificate.get());
  certificate->issuer = issuer_of(leaf.certificate.get(), chain, trust.anchors);
  certificate->leaf = std::move(leaf.certificate);
  certificate->intermediates = std::move(chain.intermediates);
  if (has_staple_file) {
    certificate->file_staple = load_staple(source, *files.staple, *certificate, now, report);
  }
  if (has_staple_file && !certificate->file_staple) {
    judge_stapling({certificate->leaf.get(), leaf_at}, report);
    if (report.errors() != errors_before) return outcome;
  }
  if (report.problems().size() == problems_before) {
    outcome.proof = proof_of(*certificate, chain, files, now);
  }
  outcome.certificate = std::move(certificate);
  return outcome;
}

LoadOutcome load_certificate(const CertificateSource& source, const Trust& trust,
                             std::chrono::system_clock::time_point now, Report& report) {
  CaCertificates cas;
  return load_certificate(source, SourceFiles::read(source), trust, cas, now, report);
}

}  // namespace wssgate::pki
