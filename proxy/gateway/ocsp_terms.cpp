#include "gateway/ocsp_terms.h"

#include <fmt/format.h>

#include <string>

#include "pki/x509_facts.h"

namespace wssgate::gateway {
namespace {

using config::OcspMode;

void judge_required(const pki::Certificate& certificate, const SourceLocation& at, Report& report) {
  if (certificate.file_staple || !pki::ocsp_responders(certificate.leaf.get()).empty()) return;
  const char* const what = pki::has_https_responder(certificate.leaf.get())
                               ? "names an OCSP responder by https only, which is not asked"
                               : "names no OCSP responder";
  report.add(at,
             fmt::format("ocsp is required, but the certificate {} {}, and there is no good staple "
                         "file",
                         certificate.chain_file, what),
             "write 'ocsp: auto': CAs without OCSP (Let's Encrypt since 2025) need no staple");
}

}  // namespace

void judge_ocsp_mode(const pki::Certificate& certificate, const config::Located<OcspMode>& mode,
                     Report& report) {
  if (mode.value == OcspMode::required) judge_required(certificate, mode.at, report);
  if (mode.value == OcspMode::off && certificate.must_staple) {
    report.add(mode.at,
               fmt::format("ocsp is off, but the certificate {} must be stapled (TLS feature "
                           "status_request)",
                           certificate.chain_file),
               "remove 'ocsp: off', or get a certificate without must-staple");
  }
}

bool needs_staple(const pki::Certificate& certificate, OcspMode mode) {
  return certificate.must_staple || mode == OcspMode::required;
}

}  // namespace wssgate::gateway
