#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace wssgate::pki {

/// Replaces `path` as a whole: a new file, made with `mode` before it has any content, is written,
/// synced, and renamed over it. Readers see the old content or the new.
Result<void> write_whole_file(const std::string& path, std::string_view content, mode_t mode);

/// Makes the folder with `mode`, and the ones above it with the umask's. One that is there keeps
/// its mode.
Result<void> ensure_folder(const std::string& path, mode_t mode);

}  // namespace wssgate::pki
