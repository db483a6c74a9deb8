#pragma once

#include <string>

#include "base/report.h"
#include "config/model.h"

namespace wssgate::control {

/// The token of admin.token: the file's one line. Empty where none is configured, and where the
/// file is no good, which is told.
std::string read_admin_token(const config::Admin& admin, Report& report);

}  // namespace wssgate::control
