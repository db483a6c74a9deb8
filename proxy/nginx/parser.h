#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/report.h"

namespace wssgate::nginx {

/// `name args… ;` or `name args… { block }`, with the place of its name. Includes stand in the
/// tree as what they bring in; one whose pattern matches nothing stands there itself.
struct Directive {
  SourceLocation at;
  std::string name;
  std::vector<std::string> args = {};
  bool has_block = false;
  std::vector<Directive> block = {};

  /// The argument, or "" where there are fewer.
  const std::string& arg(std::size_t index) const;
  /// "listen 443 ssl", printable, shortened, without values that look like secrets.
  std::string text() const;
};

/// Where files come from: the disk, or a test's own.
class Sources {
 public:
  Sources() = default;
  Sources(const Sources&) = delete;
  Sources& operator=(const Sources&) = delete;
  virtual ~Sources() = default;
  /// The whole file; nothing when it cannot be read or is larger than `kLargestFile`, with `why`.
  virtual std::optional<std::string> read(const std::string& path, std::string& why) const = 0;
  /// What the pattern (*, ?, []) matches, in the order of nginx: sorted by bytes. `why` is set
  /// where nothing is found since its folder cannot be read.
  virtual std::vector<std::string> match(const std::string& pattern, std::string& why) const = 0;
};

/// The disk.
class FileSources : public Sources {
 public:
  std::optional<std::string> read(const std::string& path, std::string& why) const override;
  std::vector<std::string> match(const std::string& pattern, std::string& why) const override;
};

// What is taken at most; more is a problem, never an exhausted machine.
inline constexpr std::size_t kLargestFile = std::size_t{16} << 20U;
inline constexpr std::size_t kMostDirectives = 500'000;
inline constexpr std::size_t kMostFiles = 10'000;
inline constexpr std::size_t kMostBytes = std::size_t{64} << 20U;
inline constexpr int kDeepestBlock = 32;
inline constexpr int kDeepestInclude = 16;

/// The configuration whose folder relative paths stand below, as nginx has it with -c and no -p:
/// `path` itself, but for one server's file in sites-enabled and its like the nginx.conf above it.
std::string main_file_of(const std::string& path, const Sources& sources);

/// Reads a configuration with all that it includes; `main_file_of` has where those are. Errors in
/// `report` are what nginx would not start with; an include that is not there is a warning, since
/// configurations are looked at on machines that do not have all of it. What could be read is in
/// the tree all the same.
std::vector<Directive> parse(const std::string& path, const Sources& sources, Report& report);

/// `path` as it is when absolute, else below the folder of `main_file`.
std::string below(const std::string& main_file, const std::string& path);

}  // namespace wssgate::nginx
