#include "pki/staple_file.h"

#include <fmt/format.h>

#include "pki/ocsp.h"
#include "pki/pem_file.h"

namespace wssgate::pki {

std::shared_ptr<const Staple> load_staple(const CertificateSource& source,
                                          const Result<FileBytes>& file,
                                          const Certificate& certificate,
                                          std::chrono::system_clock::time_point now,
                                          Report& report) {
  const std::string& path = source.staple_file;
  if (!file) {
    report.warn(source.named_at,
                fmt::format("cannot read the OCSP staple '{}': {}", path, file.error().context),
                "name a file that wssgate's user may read");
    return nullptr;
  }
  OcspVerdict verdict = judge_ocsp_response(file->view(), certificate, now);
  switch (verdict.status) {
    case OcspStatus::good:
      break;
    case OcspStatus::revoked:
      report.warn({path, 0, 0}, fmt::format("not stapled: {}", verdict.why),
                  "replace the certificate: clients that ask the CA refuse it");
      break;
    case OcspStatus::unusable:
      report.warn({path, 0, 0}, fmt::format("not stapled: {}", verdict.why),
                  "give a fresh OCSP response in DER, or remove the file: wssgate asks the CA by "
                  "itself");
  }
  return std::move(verdict.staple);
}

}  // namespace wssgate::pki
