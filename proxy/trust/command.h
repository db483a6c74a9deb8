#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace wssgate::trust {

/// Somebody for whom this process, which is root, does things that are theirs.
struct Identity {
  uid_t user = 0;
  gid_t group = 0;
  std::string name;
};

/// What a program came to.
struct Finished {
  /// -1 when it did not start, was killed by a signal, or took longer than it may.
  int exit_code = -1;
  /// Both of its outputs, as they came, up to 8 MiB.
  std::string output;

  bool ok() const { return exit_code == 0; }
  /// The last line of the output that says anything, printable, or that there was none.
  std::string last_line() const;
};

/// Runs a program to its end: no shell, its language English, nothing on its standard input, as
/// `as` where that is given. `argv[0]` is its path. Blocks for `limit` at most; for programs that
/// this user's system trusts, before any other thread is started.
Finished run(const std::vector<std::string>& argv, const std::optional<Identity>& as = {},
             std::chrono::seconds limit = std::chrono::minutes(5));

}  // namespace wssgate::trust
