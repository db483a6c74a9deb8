#pragma once

#include "base/report.h"
#include "config/model.h"
#include "pki/certificate.h"

namespace wssgate::gateway {

/// Whether a host's `ocsp` is possible with a certificate of its: what is required has to have a
/// source, and what the certificate itself demands cannot be off. Problems go to `report`, at the
/// place of the key.
void judge_ocsp_mode(const pki::Certificate& certificate,
                     const config::Located<config::OcspMode>& mode, Report& report);

/// Handshakes with this certificate are refused without a good staple.
bool needs_staple(const pki::Certificate& certificate, config::OcspMode mode);

}  // namespace wssgate::gateway
