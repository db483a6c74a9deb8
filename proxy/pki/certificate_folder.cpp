#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "pki/certificate.h"

namespace wssgate::pki {
namespace {

namespace fs = std::filesystem;

struct Pair {
  const char* chain;
  const char* key;
};
// As ACME clients write them, and as Kubernetes mounts a TLS secret.
constexpr std::array kPairs = {Pair{"fullchain.pem", "privkey.pem"}, Pair{"tls.crt", "tls.key"}};
constexpr const char* kStapleFile = "ocsp.der";

// A link whose target is gone is there too: reading it says what is wrong.
bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::symlink_status(path, ignored).type() != fs::file_type::not_found;
}

void look_for(const Pair& pair, const fs::path& folder, const SourceLocation& named_at,
              std::vector<CertificateSource>& sources, Report& report) {
  const fs::path chain = folder / pair.chain;
  const fs::path key = folder / pair.key;
  const bool has_chain = is_there(chain);
  const bool has_key = is_there(key);
  if (has_chain && has_key) {
    const fs::path staple = folder / kStapleFile;
    sources.push_back(CertificateSource{chain.string(), key.string(), named_at,
                                        is_there(staple) ? staple.string() : std::string()});
  } else if (has_chain || has_key) {
    report.add(named_at,
               fmt::format("'{}' has {} but no {}", folder.string(),
                           has_chain ? pair.chain : pair.key, has_chain ? pair.key : pair.chain),
               "put both there, or move the folder away");
  }
}

void look_into(const fs::path& folder, const SourceLocation& named_at,
               std::vector<CertificateSource>& sources, Report& report) {
  for (const Pair& pair : kPairs) look_for(pair, folder, named_at, sources, report);
}

}  // namespace

std::vector<CertificateSource> find_certificates(const NamedPath& folder, Report& report) {
  std::vector<fs::path> subfolders;
  std::error_code error;
  fs::directory_iterator entry(folder.path, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    std::error_code unreadable;
    // Kubernetes keeps what its links point to in "..data".
    const bool hidden = entry->path().filename().string().front() == '.';
    if (!hidden && entry->is_directory(unreadable)) subfolders.push_back(entry->path());
  }
  std::vector<CertificateSource> sources;
  if (error) {
    report.add(folder.named_at,
               fmt::format("cannot read the folder '{}': {}", folder.path, error.message()),
               "name a folder that wssgate's user may read");
    return sources;
  }
  std::sort(subfolders.begin(), subfolders.end());
  look_into(folder.path, folder.named_at, sources, report);
  for (const fs::path& subfolder : subfolders) {
    look_into(subfolder, folder.named_at, sources, report);
  }
  return sources;
}

}  // namespace wssgate::pki
