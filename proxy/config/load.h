#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/report.h"
#include "config/model.h"

namespace wssgate::config {

/// Larger configurations are refused unread: ten thousand hosts need a third of it.
inline constexpr std::size_t kLargestFile = std::size_t{4} << 20U;

/// Reads and checks a configuration. Relative paths in it stand below the file's own folder.
/// Every problem goes to `report`, with its place. What comes back then is the part that could be
/// read, good for nothing but finding further problems (in certificates, in listeners), so that
/// one run lists them all. Certificate files are not opened here. Never throws for what a file can
/// hold.
Config load_file(const std::string& path, Report& report);

/// The same for a text at hand; `file_name` stands in the problems, and relative paths in the text
/// stand below `base_folder` (empty: the working directory).
Config load_text(std::string_view yaml, const std::string& file_name,
                 const std::string& base_folder, Report& report);

}  // namespace wssgate::config
