#pragma once

#include "pki/dev_ca.h"
#include "trust/places.h"
#include "trust/step.h"

/// NSS databases, which Firefox (one a profile) and Chromium's family (one a user) trust by;
/// changed with NSS's own certutil.
namespace wssgate::trust {

/// Where a browser of Chromium's family has no database yet, it gets one.
Steps install_in_nss(const pki::DevRoot& root, const Places& places);
Steps remove_from_nss(const pki::DevRoot& root, const Places& places);

}  // namespace wssgate::trust
