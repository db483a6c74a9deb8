#pragma once

#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "net/asio.h"

namespace wssgate::control {

/// Tells when files may have changed, by inotify. Sees replaced files, links that lead elsewhere
/// (certbot's, and the ..data of a Kubernetes secret), deleted and re-created folders. A burst of
/// changes is one. Where the system gives no watches it says so once, and `is_complete` is false:
/// then somebody has to look. Belongs to the loop's thread.
class FileWatch {
 public:
  FileWatch(asio::io_context& loop, std::function<void()> on_change);

  /// From now on these: files, and folders with all that is in them and in their subfolders.
  /// What is not there yet is watched for at the nearest folder above it. True when something is
  /// watched that was not before: it may have changed in between.
  bool watch(const std::vector<std::string>& files, const std::vector<std::string>& folders);

  bool is_complete() const { return complete_; }

 private:
  using Names = std::set<std::string>;

  void follow(const std::string& path);
  void want(const std::string& folder, const std::string& name);
  void want_all(const std::string& folder);
  bool apply();
  void fail(const std::string& what, int error);
  void read_events();
  bool matters(const void* event) const;
  void notice();

  std::function<void()> on_change_;
  asio::posix::stream_descriptor events_;
  asio::steady_timer quiet_;
  std::chrono::steady_clock::time_point first_change_;
  bool pending_ = false;
  bool complete_ = true;
  bool told_incomplete_ = false;

  /// Folders to watch, each with the names in it that matter; none means all.
  std::map<std::string, Names> wanted_;
  /// By inotify's number of a folder.
  std::map<int, Names> watched_;
};

}  // namespace wssgate::control
