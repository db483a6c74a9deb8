#include "pki/source_files.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <memory>

namespace wssgate::pki {
namespace {

using DigestPtr = std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>>;

}  // namespace

SourceFiles SourceFiles::read(const CertificateSource& source) {
  SourceFiles files{FileBytes::read(source.chain_file), FileBytes::read(source.key_file), {}};
  if (!source.staple_file.empty()) files.staple.emplace(FileBytes::read(source.staple_file));
  return files;
}

std::string SourceFiles::digest() const {
  if (!chain || !key || (staple && !*staple)) return {};
  const std::string_view of_staple = staple ? (*staple)->view() : std::string_view();
  // Lengths first, so that no byte of one file can be taken for another's.
  const std::string head =
      fmt::format("{} {} {:o} {} {}\n", chain->view().size(), key->view().size(), key->mode(),
                  staple.has_value(), of_staple.size());
  const DigestPtr context(EVP_MD_CTX_new());
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  for (const std::string_view part :
       {std::string_view(head), chain->view(), key->view(), of_staple}) {
    EVP_DigestUpdate(context.get(), part.data(), part.size());
  }
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  const int made =
      EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  return made == 1 ? digest : std::string();
}

}  // namespace wssgate::pki
