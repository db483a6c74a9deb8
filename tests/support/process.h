#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "support/temp_folder.h"

namespace wssgate::test {

/// The wssgate binary as a process of its own, its output in files. Every wait is bounded: what
/// takes longer than twenty seconds throws.
class Process {
 public:
  /// `environment`: "NAME=value" each, besides (and before) what this process has. `handed_over`: a
  /// socket that it gets as systemd would give it, or -1.
  explicit Process(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment = {}, int handed_over = -1);
  /// Kills it when it still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Waits for the end: the exit code, or 128 and the number of the signal that ended it.
  int wait();
  void signal(int number) const;
  pid_t pid() const { return pid_; }
  /// Waits until standard error holds `text`; returns all that it holds.
  std::string wait_for_error(const std::string& text);

  std::string output() const;
  std::string error_output() const;

 private:
  TempFolder folder_;
  pid_t pid_ = -1;
};

/// How a process that ends by itself ended.
struct Ended {
  int exit_code;
  std::string output;
  std::string error_output;
};

Ended run_wssgate(const std::vector<std::string>& arguments);

}  // namespace wssgate::test
