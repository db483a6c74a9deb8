#include "pki/private_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/errno_text.h"

namespace wssgate::pki {
namespace {

Error failure(std::string_view what, const std::string& path, int error) {
  return Error(Reason::internal_error, Side::proxy,
               fmt::format("cannot {} '{}': {}", what, path, errno_text(error)));
}

// 0, or errno.
int write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

}  // namespace

Result<void> write_whole_file(const std::string& path, std::string_view content, mode_t mode) {
  const std::string fresh = fmt::format("{}.new.{}", path, ::getpid());
  ::unlink(fresh.c_str());  // left by a process of the same id that was killed
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
  if (fd < 0) return failure("create", fresh, errno);
  int error = write_all(fd, content);
  ::close(fd);
  if (error == 0 && std::rename(fresh.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(fresh.c_str());
  return failure("write", path, error);
}

Result<void> ensure_folder(const std::string& path, mode_t mode) {
  const std::filesystem::path folder(path);
  if (folder.has_parent_path()) {
    std::error_code error;
    std::filesystem::create_directories(folder.parent_path(), error);
    if (error) return failure("create", folder.parent_path().string(), error.value());
  }
  if (::mkdir(path.c_str(), mode) == 0) return {};
  if (errno != EEXIST) return failure("create", path, errno);
  if (!std::filesystem::is_directory(folder)) return failure("create", path, ENOTDIR);
  return {};
}

}  // namespace wssgate::pki
