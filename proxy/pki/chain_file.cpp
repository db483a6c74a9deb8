#include "pki/chain_file.h"

#include <fmt/format.h>

#include <algorithm>

#include "pki/x509_facts.h"

namespace wssgate::pki {
namespace {

// Real chains have two to four; more is a bundle of roots put in the wrong place.
constexpr std::size_t kMostMembers = 16;

std::vector<ChainMember> decode_members(const std::string& path,
                                        const std::vector<PemBlock>& blocks, CaCertificates& cas,
                                        Report& report) {
  std::vector<ChainMember> members;
  for (const PemBlock& block : blocks) {
    if (!is_certificate_label(block.label)) continue;
    if (X509Ptr certificate = cas.decode(block)) {
      members.push_back(ChainMember{std::move(certificate), block.line});
      continue;
    }
    report.add({path, block.line, 1}, "the certificate is damaged: its PEM block does not decode",
               "copy the whole file again");
  }
  return members;
}

}  // namespace

std::optional<ChainFile> read_chain_file(const CertificateSource& source,
                                         const Result<FileBytes>& file, CaCertificates& cas,
                                         Report& report) {
  const std::string& path = source.chain_file;
  if (!file) {
    report.add(source.named_at,
               fmt::format("cannot read the certificate '{}': {}", path, file.error().context),
               "name a file that wssgate's user may read");
    return std::nullopt;
  }
  const auto blocks = split_pem(file->view());
  const auto count = static_cast<std::size_t>(
      std::count_if(blocks.begin(), blocks.end(),
                    [](const PemBlock& block) { return is_certificate_label(block.label); }));
  if (count == 0) {
    auto advice = explain_missing_certificate(path, file->view(), blocks);
    report.add({path, 0, 0}, std::move(advice.message), std::move(advice.hint));
    return std::nullopt;
  }
  if (count > kMostMembers) {
    report.add({path, 0, 0}, fmt::format("{} certificates are no chain", count),
               "keep the server's certificate and its intermediates");
    return std::nullopt;
  }
  ChainFile chain{path, decode_members(path, blocks, cas, report)};
  if (chain.members.size() != count) return std::nullopt;
  drop_duplicates(chain, report);
  return chain;
}

void check_key(const ChainMember& leaf, const CertificateSource& source, const EVP_PKEY* key,
               Report& report) {
  const EVP_PKEY* public_key = X509_get0_pubkey(leaf.certificate.get());
  if (public_key == nullptr) return;  // told already
  if (EVP_PKEY_eq(public_key, key) == 1) return;
  const std::string own = describe_key(public_key);
  const std::string given = describe_key(key);
  // Where the kinds differ, they tell which of several files it is.
  const std::string kinds = own == given ? "" : fmt::format(" ({}, not {})", given, own);
  report.add({source.chain_file, leaf.line, 1},
             fmt::format("the private key '{}' is not the key of '{}'{}", source.key_file,
                         subject_label(leaf.certificate.get()), kinds),
             "give the key that the certificate was requested with");
}

}  // namespace wssgate::pki
