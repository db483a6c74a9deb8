#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "pki/certificate.h"
#include "pki/pem_file.h"

namespace wssgate::pki {

/// What lies in the files of a certificate, each read once: what is proven is what was read.
struct SourceFiles {
  Result<FileBytes> chain;
  Result<FileBytes> key;
  /// None where the source names none.
  std::optional<Result<FileBytes>> staple;

  static SourceFiles read(const CertificateSource& source);

  /// SHA-256 over all of it, and over who may read the key. Empty where a file cannot be read.
  std::string digest() const;
};

}  // namespace wssgate::pki
