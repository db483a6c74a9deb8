#pragma once

#include <optional>

#include "pki/ca_certificates.h"
#include "pki/chain.h"
#include "pki/pem_file.h"

namespace wssgate::pki {

/// The certificates in `file`, which is `source.chain_file`, each once. What several chains have in
/// common is shared by `cas`. Problems go to `report`; nothing where there is no chain to judge.
std::optional<ChainFile> read_chain_file(const CertificateSource& source,
                                         const Result<FileBytes>& file, CaCertificates& cas,
                                         Report& report);

/// A problem unless `key`, from `source.key_file`, is the key of `leaf`.
void check_key(const ChainMember& leaf, const CertificateSource& source, const EVP_PKEY* key,
               Report& report);

}  // namespace wssgate::pki
