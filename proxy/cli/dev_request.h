#pragma once

#include <string>
#include <vector>

#include "base/hostname.h"
#include "base/report.h"

namespace wssgate::cli {

/// Where problems of `wssgate dev` are: there is no file, so the option to change stands in for it.
inline SourceLocation at_option(const std::string& option) {
  return {"wssgate dev " + option, 0, 0};
}

/// The names on the command line, checked.
struct DevRequest {
  std::vector<HostPattern> hosts;
  std::vector<std::string> addresses;  // IP literals among the names

  /// None at all is none; problems go into the report.
  static DevRequest read(const std::vector<std::string>& names, Report& report);

  /// As they were given.
  std::vector<std::string> names() const;
  /// Those of the certificate, which covers 127.0.0.1 and ::1 too.
  std::vector<std::string> certificate_names() const;
  /// A name for URLs. There has to be a host.
  std::string name() const;
};

/// What to do about a local CA that could not be read or made in this folder: under sudo, one of
/// root's has to be given to who called it, as whom all is done there.
std::string folder_remedy(const std::string& folder);

/// The path from the root, without "." and "..".
std::string absolute(const std::string& path);

/// The path of this program.
std::string own_path();

/// What to type for this program: "wssgate" where the PATH leads to it, or else its path. A word of
/// a shell.
std::string own_command();

/// As one word of a shell.
std::string quoted(const std::string& text);

}  // namespace wssgate::cli
