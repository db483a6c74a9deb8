#include "control/file_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/errno_text.h"
#include "base/log.h"

namespace wssgate::control {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// A writer of several files (certificate and key, a whole tree by rsync) is let finish; one that
// never finishes is not waited for.
constexpr std::chrono::milliseconds kQuiet{200};
constexpr std::chrono::seconds kMostWaiting{2};

// Not IN_MODIFY: a file matters when its writer has closed it.
constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                                  IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
                                  IN_ONLYDIR | IN_EXCL_UNLINK;

// A path with more links than that leads nowhere (the kernel says ELOOP).
constexpr int kMostLinks = 40;

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_link(const fs::path& path) {
  std::error_code ignored;
  return fs::is_symlink(path, ignored);
}

}  // namespace

FileWatch::FileWatch(asio::io_context& loop, std::function<void()> on_change)
    : on_change_(std::move(on_change)), events_(loop), quiet_(loop) {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    fail("inotify_init1", errno);
    return;
  }
  events_.assign(fd);
  read_events();
}

bool FileWatch::watch(const std::vector<std::string>& files,
                      const std::vector<std::string>& folders) {
  wanted_.clear();
  complete_ = events_.is_open();
  for (const std::string& file : files) follow(file);
  for (const std::string& folder : folders) {
    follow(folder);
    if (!is_folder(folder)) continue;
    want_all(folder);
    std::error_code error;
    for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      if (!is_folder(entry->path())) continue;
      follow(entry->path().string());
      want_all(entry->path().string());
    }
  }
  return apply();
}

/// Every step of the path: each may be renamed away, or replaced by a link that leads elsewhere.
void FileWatch::follow(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  fs::path reached = "/";  // has no links in it
  const fs::path below = whole.relative_path();
  std::deque<fs::path> rest(below.begin(), below.end());
  for (int links = 0; !rest.empty() && links < kMostLinks;) {
    const fs::path name = rest.front();
    rest.pop_front();
    if (name.empty() || name == ".") continue;  // "certs/" ends in an empty name
    if (name == "..") {
      reached = reached.parent_path();
      continue;
    }
    const fs::path next = reached / name;
    const bool is_last = rest.empty() || !fs::exists(fs::symlink_status(next, error));
    // A folder on the way that this user may pass through but not read cannot be watched.
    if (is_last || is_link(next) || ::access(reached.c_str(), R_OK) == 0) {
      want(reached.string(), name.string());
    }
    if (is_link(next)) {
      const fs::path target = fs::read_symlink(next, error);
      if (target.is_absolute()) reached = "/";
      const fs::path steps = target.relative_path();
      rest.insert(rest.begin(), steps.begin(), steps.end());
      ++links;
    } else if (!is_folder(next)) {
      return;
    } else {
      reached = next;
    }
  }
}

void FileWatch::want(const std::string& folder, const std::string& name) {
  const auto [entry, fresh] = wanted_.try_emplace(folder, Names{name});
  if (!fresh && !entry->second.empty()) entry->second.insert(name);
}

void FileWatch::want_all(const std::string& folder) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (!error) wanted_[real.string()].clear();
}

bool FileWatch::apply() {
  if (!events_.is_open()) return false;
  std::map<int, Names> now;  // several paths may lead to one folder
  for (const auto& [folder, names] : wanted_) {
    const int id = inotify_add_watch(events_.native_handle(), folder.c_str(), kEvents);
    if (id < 0) {
      // One that has just gone makes an event in the folder above it.
      if (errno != ENOENT && errno != ENOTDIR) fail(folder, errno);
      continue;
    }
    const auto [entry, fresh] = now.try_emplace(id, names);
    if (fresh) continue;
    if (names.empty()) entry->second.clear();
    if (!entry->second.empty()) entry->second.insert(names.begin(), names.end());
  }
  const bool grew = std::any_of(now.begin(), now.end(), [&](const auto& entry) {
    const auto old = watched_.find(entry.first);
    return old == watched_.end() || old->second != entry.second;
  });
  for (const auto& [id, names] : watched_) {
    if (now.count(id) == 0) inotify_rm_watch(events_.native_handle(), id);
  }
  watched_ = std::move(now);
  return grew;
}

void FileWatch::fail(const std::string& what, int error) {
  complete_ = false;
  if (std::exchange(told_incomplete_, true)) return;
  log::warn(
      "watch_incomplete",
      error == EACCES
          ? "what may not be read is not watched; looking every minute instead. let wssgate's "
            "user read the folder"
          : "the system does not tell when files change; looking every minute instead. raise "
            "fs.inotify.max_user_watches or max_user_instances",
      {{"what", what}, {"error", errno_text(error)}});
}

void FileWatch::read_events() {
  events_.async_wait(
      asio::posix::descriptor_base::wait_read, [this](const asio::error_code& error) {
        if (error) return;
        bool any = false;
        alignas(inotify_event) std::array<char, std::size_t{16} * 1024> buffer{};
        for (;;) {
          const ssize_t length = ::read(events_.native_handle(), buffer.data(), buffer.size());
          if (length <= 0) break;
          for (ssize_t at = 0; at < length;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
            any = matters(event) || any;
            at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
          }
        }
        if (any) notice();
        read_events();
      });
}

bool FileWatch::matters(const void* raw) const {
  const auto* event = static_cast<const inotify_event*>(raw);
  if ((event->mask & IN_Q_OVERFLOW) != 0) return true;
  const auto watched = watched_.find(event->wd);
  if (watched == watched_.end() || (event->mask & IN_IGNORED) != 0) return false;
  if (event->len == 0) return true;  // the folder itself
  const Names& names = watched->second;
  return names.empty() || names.count(event->name) != 0;
}

void FileWatch::notice() {
  const auto now = Clock::now();
  if (!std::exchange(pending_, true)) first_change_ = now;
  quiet_.expires_at(std::min(now + kQuiet, first_change_ + kMostWaiting));
  quiet_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    pending_ = false;
    on_change_();
  });
}

}  // namespace wssgate::control
