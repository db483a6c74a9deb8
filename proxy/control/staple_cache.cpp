#include "control/staple_cache.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "base/log.h"
#include "pki/ocsp.h"
#include "pki/pem_file.h"
#include "pki/private_file.h"

namespace wssgate::control {
namespace {

// A response is what every client gets to see.
constexpr mode_t kFolderMode = 0755;
constexpr mode_t kFileMode = 0644;
constexpr std::size_t kFingerprintLength = 64;  // SHA-256 in hex

bool is_ours(const std::filesystem::path& path) {
  const std::string stem = path.stem().string();
  return path.extension() == ".der" && stem.size() == kFingerprintLength &&
         stem.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

std::string StapleCache::path(const std::string& fingerprint) const {
  return folder_ + "/" + fingerprint + ".der";
}

std::optional<std::string> StapleCache::load(const std::string& fingerprint) const {
  if (folder_.empty()) return std::nullopt;
  const auto file = pki::FileBytes::read(path(fingerprint));
  if (!file) return std::nullopt;
  return std::string(file->view());
}

void StapleCache::save(const std::string& fingerprint, const std::string& der) {
  if (folder_.empty()) return;
  auto saved = pki::ensure_folder(folder_, kFolderMode);
  if (saved) saved = pki::write_whole_file(path(fingerprint), der, kFileMode);
  if (saved) {
    warned_ = false;
    return;
  }
  if (warned_.exchange(true)) return;
  log::warn("ocsp_cache",
            "OCSP responses cannot be kept: after a restart handshakes have no staple until they "
            "are fetched again. let wssgate's user write to the folder, or name another one under "
            "stapling.cache (or off)",
            {{"folder", folder_}, {"error", saved.error().context}});
}

void StapleCache::purge(std::chrono::system_clock::time_point now) {
  if (folder_.empty()) return;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string file = entry->path().string();
    if (!is_ours(entry->path())) continue;
    const auto kept = pki::FileBytes::read(file);
    if (!kept) continue;
    const auto end = pki::end_of_ocsp_response(kept->view());
    if (end && *end <= now) ::unlink(file.c_str());
  }
}

}  // namespace wssgate::control
