#pragma once

#include <functional>
#include <string>

#include "nginx/draft.h"
#include "nginx/findings.h"
#include "nginx/model.h"
#include "nginx/upstreams.h"

namespace wssgate::nginx {

/// Translates `stream` with `ssl_preread`: each name of the map becomes a host that is passed
/// through. Where the map leads to a server of the same file's `http`, that one's hosts answer on
/// the listener at once, since wssgate terminates and passes through side by side. Adds to
/// `draft.hosts` and to `model.read`; hosts of `http` are in the draft already.
void translate_stream(Model& model, Draft& draft, UpstreamWriter& upstreams, Findings& findings);

}  // namespace wssgate::nginx
