#include "wssbench/limits.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>

namespace wssgate::bench {
namespace {

// Besides the connections: standard streams, epoll sets, timers, files of the report.
constexpr rlim_t kOthers = 64;

rlim_t raise_descriptors(rlim_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur < wanted) {
    rlimit raised = limit;
    raised.rlim_cur = wanted;
    raised.rlim_max = std::max(limit.rlim_max, wanted);  // goes as root
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return wanted;
    raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return limit.rlim_max;
  }
  return limit.rlim_cur;
}

/// How many ports one source address has for one destination.
std::size_t ephemeral_ports() {
  std::ifstream range("/proc/sys/net/ipv4/ip_local_port_range");
  std::size_t low = 32768;
  std::size_t high = 60999;
  range >> low >> high;
  return high >= low ? high - low + 1 : 0;
}

}  // namespace

std::vector<std::string> check_limits(const Plan& plan) {
  std::vector<std::string> notes;
  const std::size_t connections = plan.options.connections;
  const rlim_t descriptors = raise_descriptors(connections + kOthers);
  if (descriptors < connections + kOthers) {
    notes.push_back(
        fmt::format("this process may have {} descriptors, too few for {} connections: "
                    "raise the hard limit (ulimit -Hn, LimitNOFILE=) or load from "
                    "several processes",
                    descriptors, connections));
  }
  const std::size_t sources = std::max<std::size_t>(1, plan.target.sources.size());
  const std::size_t ports = ephemeral_ports() * sources;
  if (ports < connections) {
    notes.push_back(
        fmt::format("{} source address{} {} ports, too few for {} connections: give "
                    "more --source addresses (127.0.0.2, 127.0.0.3 … on loopback) or "
                    "widen net.ipv4.ip_local_port_range",
                    sources, sources == 1 ? " has" : "es have", ports, connections));
  }
  return notes;
}

}  // namespace wssgate::bench
