#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trust/command.h"

namespace wssgate::trust {

/// Where the stores of this machine and of this user are.
struct Places {
  /// Stands before every path of the system's: empty, but in tests.
  std::string root;
  std::string home;
  /// Where programs are kept data and settings in (XDG base directories).
  std::string data_home;
  std::string config_home;
  /// $JAVA_HOME; may be empty.
  std::string java_home;
  /// Folders to look for programs in, sbin ones included: whose PATH lacks them has them all the
  /// same.
  std::vector<std::string> path;
  /// This process may change the system's store.
  bool is_root = false;
  /// Who called us through sudo: the home is theirs, and what is in it stays theirs.
  std::optional<Identity> caller;
  /// Windows is around this Linux (WSL), with browsers and stores of its own.
  bool is_wsl = false;

  static Places of_this_process();

  /// The path of a program that may be run; empty where there is none.
  std::string find_program(const std::string& name) const;
};

}  // namespace wssgate::trust
