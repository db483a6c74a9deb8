#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string_view>

#include "control/admin_routes.h"
#include "control/status.h"

namespace wssgate::control {

/// One file of the page, as it is built into the program (dashboard/).
struct DashboardFile {
  std::string_view path;  ///< on the admin port
  std::string_view content_type;
  std::string_view etag;
  std::string_view content;
};
std::span<const DashboardFile> dashboard_files();

/// The file, or 304 for who has it. Its policy lets the page load nothing but these files and ask
/// nobody but this port.
AdminAnswer serve_dashboard_file(const DashboardFile& file, const AdminRequest& request);

/// What `GET /dashboard.json` answers: as much of `status` as people can look at, whatever the
/// number of hosts and certificates, and the last hour.
nlohmann::json dashboard(const StatusSources& sources);

}  // namespace wssgate::control
