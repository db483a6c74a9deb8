#include "pki/client_identity.h"

#include <fmt/format.h>

#include <utility>

#include "pki/chain_file.h"
#include "pki/chain_verdict.h"
#include "pki/private_key.h"
#include "pki/source_files.h"
#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

/// Each one issued the one before it. A peer that does not know an intermediate needs it so.
void check_order(const ChainFile& file, Report& report) {
  for (std::size_t i = 1; i < file.members.size(); ++i) {
    const X509* const below = file.members[i - 1].certificate.get();
    const X509* const above = file.members[i].certificate.get();
    if (is_signed_by(below, above)) continue;
    report.add({file.path, file.members[i].line, 1},
               fmt::format("'{}' did not issue '{}', which stands before it", subject_label(above),
                           subject_label(below)),
               "put the client's certificate first, and each one's issuer after it");
    return;
  }
}

}  // namespace

std::shared_ptr<const ClientIdentity> ClientIdentity::load(
    const CertificateSource& source, std::chrono::system_clock::time_point now, Report& report) {
  const std::size_t errors_before = report.errors();
  const auto files = SourceFiles::read(source);
  auto identity = std::make_shared<ClientIdentity>();
  identity->key = load_private_key(source, files.key, report);
  CaCertificates cas;
  auto chain = read_chain_file(source, files.chain, cas, report);
  if (!chain) return nullptr;
  if (identity->key) check_key(chain->members.front(), source, identity->key.get(), report);
  check_order(*chain, report);
  std::vector<PathMember> path;
  for (const ChainMember& member : chain->members) {
    path.push_back({member.certificate.get(), {source.chain_file, member.line, 1}});
  }
  judge_client_members(path, now, report);
  if (report.errors() != errors_before) return nullptr;
  identity->leaf = std::move(chain->members.front().certificate);
  for (std::size_t i = 1; i < chain->members.size(); ++i) {
    X509Ptr& above = chain->members[i].certificate;
    if (!is_self_signed(above.get())) identity->intermediates.push_back(std::move(above));
  }
  return identity;
}

std::string ClientIdentity::digest_text() const {
  std::string text = fingerprint(leaf.get());
  for (const X509Ptr& each : intermediates) text += " " + fingerprint(each.get());
  return text;
}

}  // namespace wssgate::pki
