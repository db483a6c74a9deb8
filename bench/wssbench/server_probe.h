#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace wssgate::bench {

/// What a process and its descendants use, whoever they are; another user's only as root.
class ServerProbe {
 public:
  explicit ServerProbe(pid_t pid) : pid_(pid) {}

  /// The process and its descendants that live now, the process itself first.
  std::vector<pid_t> tree() const;
  /// CPU time of all of them since each began, in nanoseconds' resolution (clock_getcpuclockid).
  /// Nothing when the process is not there or not ours to look at.
  std::optional<std::chrono::nanoseconds> cpu() const;
  /// Their proportional set size (smaps_rollup), in KiB; nothing likewise.
  std::optional<std::uint64_t> pss_kib() const;

 private:
  pid_t pid_;
};

/// How long each thread of this process has waited for a processor so far, by thread id
/// (/proc/self/task/…/schedstat). Empty where the kernel does not tell.
using CpuWaits = std::map<pid_t, std::chrono::duration<double>>;
CpuWaits cpu_waits();

/// The server's side of a run.
struct ServerFigures {
  pid_t pid = 0;
  std::chrono::duration<double> cpu{0};
  std::uint64_t pss_before = 0;  ///< KiB: before the first connection
  std::uint64_t pss_at_peak = 0;
  std::uint64_t pss_after = 0;
};

}  // namespace wssgate::bench
