#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace wssgate::test {

/// What one of wssgate's worker threads has used so far.
struct WorkerUse {
  std::chrono::nanoseconds processor;
  std::uint64_t sleeps;  // voluntary context switches: it waited for something
};

/// Of the worker threads of a process, by default this one.
std::vector<WorkerUse> worker_use(int process = 0);

/// The processor time that all of them used while this call watched for `period`.
std::chrono::nanoseconds used_within(std::chrono::milliseconds period, int process = 0);

}  // namespace wssgate::test
