#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wssbench/options.h"

namespace wssgate::bench {

/// wssbench's exit codes.
inline constexpr int kGood = 0;
inline constexpr int kErrorsHappened = 1;
inline constexpr int kUsage = 2;
inline constexpr int kNothingWorked = 3;

/// `wssbench backend`: something to put behind a proxy.
struct BackendOptions {
  std::string listen = "127.0.0.1:0";
  std::size_t threads = 1;
};

/// `wssbench diff`.
struct DiffOptions {
  std::vector<std::string> files;
  std::vector<std::string> a;
  std::vector<std::string> b;
  bool json = false;
};

/// `commit` is for --version.
int run_command_line(int argc, char** argv, std::string_view commit);

int load(Options options);
int serve_backend(const BackendOptions& options);
int compare(const DiffOptions& options);

}  // namespace wssgate::bench
