#include "support/workers.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace wssgate::test {
namespace {

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

std::uint64_t voluntary_switches(const std::filesystem::path& status) {
  std::ifstream in(status);
  const std::string wanted = "voluntary_ctxt_switches:";
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(wanted, 0) == 0) return std::stoull(line.substr(wanted.size()));
  }
  return 0;
}

std::chrono::nanoseconds total(int process) {
  std::chrono::nanoseconds sum{0};
  for (const WorkerUse& use : worker_use(process)) sum += use.processor;
  return sum;
}

}  // namespace

std::vector<WorkerUse> worker_use(int process) {
  const std::string folder = process == 0 ? "self" : std::to_string(process);
  std::vector<WorkerUse> uses;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + folder + "/task")) {
    if (first_line(task.path() / "comm").rfind("worker-", 0) != 0) continue;
    uses.push_back({std::chrono::nanoseconds(std::stoll(first_line(task.path() / "schedstat"))),
                    voluntary_switches(task.path() / "status")});
  }
  return uses;
}

std::chrono::nanoseconds used_within(std::chrono::milliseconds period, int process) {
  const auto before = total(process);
  std::this_thread::sleep_for(period);
  return total(process) - before;
}

}  // namespace wssgate::test
