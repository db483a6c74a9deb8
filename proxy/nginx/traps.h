#pragma once

#include <string>

#include "nginx/certificates.h"
#include "nginx/findings.h"
#include "nginx/model.h"

namespace wssgate::nginx {

/// Finds what nginx does today with this configuration that hurts, or will. Judges the model and
/// the certificates alone; nothing is asked of a network.
void find_traps(const Model& model, const std::string& main_file, CertificateReader& certificates,
                Findings& findings);

/// "example.com" or, of a server without a name, "the server at site.conf:3".
std::string server_label(const Server& server);
/// "site.conf:3".
std::string place_text(const SourceLocation& at);

}  // namespace wssgate::nginx
