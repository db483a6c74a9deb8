#pragma once

#include <string>
#include <vector>

#include "nginx/certificates.h"
#include "nginx/draft.h"
#include "nginx/findings.h"
#include "nginx/model.h"

namespace wssgate::nginx {

/// Where requests go that nginx answered by itself, refused, or sent on in a way that wssgate has
/// not: to an endpoint that is never there, so that they get 502 and nothing is exposed.
inline constexpr const char* kClosedUpstream = "not-carried-over";

/// The model as a wssgate configuration, and in `findings` everything that is not in it or behaves
/// otherwise. `tree` is what the model borrows from. Adds what it has dealt with to `model.read`.
Draft translate(Model& model, const std::vector<Directive>& tree, const std::string& main_file,
                CertificateReader& certificates, Findings& findings);

}  // namespace wssgate::nginx
