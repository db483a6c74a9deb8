#include "wssbench/server_probe.h"

#include <fmt/format.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace wssgate::bench {
namespace {

/// The children that each of the process's threads has started.
std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code gone;
  const std::filesystem::path tasks = fmt::format("/proc/{}/task", pid);
  for (std::filesystem::directory_iterator task(tasks, gone), end; !gone && task != end;
       task.increment(gone)) {
    std::ifstream list(task->path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

}  // namespace

CpuWaits cpu_waits() {
  CpuWaits waits;
  std::error_code gone;
  for (std::filesystem::directory_iterator task("/proc/self/task", gone), end; !gone && task != end;
       task.increment(gone)) {
    std::ifstream schedstat(task->path() / "schedstat");
    std::uint64_t ran = 0;
    std::uint64_t waited = 0;
    if (!(schedstat >> ran >> waited)) continue;
    waits[std::stoi(task->path().filename())] = std::chrono::nanoseconds(waited);
  }
  return waits;
}

std::vector<pid_t> ServerProbe::tree() const {
  std::vector<pid_t> all = {pid_};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto children = children_of(all[i]);
    all.insert(all.end(), children.begin(), children.end());
  }
  return all;
}

std::optional<std::chrono::nanoseconds> ServerProbe::cpu() const {
  std::chrono::nanoseconds sum{0};
  for (const pid_t pid : tree()) {
    clockid_t clock = 0;
    timespec time{};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) != 0) {
      if (pid == pid_) return std::nullopt;
      continue;  // a child that has just ended
    }
    sum += std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
  return sum;
}

std::optional<std::uint64_t> ServerProbe::pss_kib() const {
  std::uint64_t sum = 0;
  for (const pid_t pid : tree()) {
    std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid));
    bool found = false;
    for (std::string word; !found && rollup >> word;) {
      std::uint64_t kib = 0;
      if (word != "Pss:" || !(rollup >> kib)) continue;
      sum += kib;
      found = true;
    }
    if (!found && pid == pid_) return std::nullopt;
  }
  return sum;
}

}  // namespace wssgate::bench
