#pragma once

#include <chrono>
#include <memory>

#include "pki/certificate.h"
#include "pki/pem_file.h"

namespace wssgate::pki {

/// The staple in `file`, which is `source.staple_file`, verified for `certificate` at `now`. One
/// that is no good is not stapled: a warning says why, and the result is null.
std::shared_ptr<const Staple> load_staple(const CertificateSource& source,
                                          const Result<FileBytes>& file,
                                          const Certificate& certificate,
                                          std::chrono::system_clock::time_point now,
                                          Report& report);

}  // namespace wssgate::pki
