#pragma once

#include "pki/dev_ca.h"
#include "trust/places.h"
#include "trust/step.h"

namespace wssgate::trust {

/// Has every store of this machine that this user's programs go by trust the root. What one store
/// refuses keeps nothing out of the others; all of it may be done again.
Steps install(const pki::DevRoot& root, const Places& places);

/// Takes the root out of all of them, wherever and under whatever name it is, and nothing else.
Steps remove(const pki::DevRoot& root, const Places& places);

}  // namespace wssgate::trust
