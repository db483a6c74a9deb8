#include "control/process_facts.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace wssgate::control {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t pages = 0;
  std::uint64_t resident = 0;
  file >> pages >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Since Linux 6.2 the folder's size is their number; before that they have to be counted, which
/// takes a microsecond each.
std::uint64_t open_descriptors() {
  struct stat facts {};
  if (::stat("/proc/self/fd", &facts) == 0 && facts.st_size > 0) {
    return static_cast<std::uint64_t>(facts.st_size);
  }
  std::error_code error;
  const std::filesystem::directory_iterator folder("/proc/self/fd", error);
  if (error) return 0;
  const auto entries = std::distance(begin(folder), end(folder));
  return static_cast<std::uint64_t>(entries) - 1;  // the folder itself is open
}

}  // namespace

ProcessFacts process_facts() {
  ProcessFacts facts;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    facts.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) facts.most_descriptors = limit.rlim_cur;
  facts.resident_bytes = resident_bytes();
  facts.open_descriptors = open_descriptors();
  return facts;
}

}  // namespace wssgate::control
