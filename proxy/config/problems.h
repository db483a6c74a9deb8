#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/report.h"

/// How the loader's parts tell what is wrong.
namespace wssgate::config {

/// A place in the configuration file, counted from 1.
struct Place {
  int line = 0;
  int column = 0;
};

/// Collects the problems of one configuration file into a report. Bounded: a file of rubbish must
/// not fill the memory with explanations, nor the terminal with more than anyone reads.
class Problems {
 public:
  static constexpr std::size_t kMost = 1000;

  /// Both outlive this object's user: `report` is borrowed.
  Problems(Report& report, std::string file) : report_(report), file_(std::move(file)) {}

  void add(Place place, std::string message, std::string hint);

  bool any() const { return count_ > 0; }
  /// Nothing more will be recorded: do not work on explanations.
  bool full() const { return count_ > kMost; }

  SourceLocation at(Place place) const { return {file_, place.line, place.column}; }

 private:
  Report& report_;
  std::string file_;
  std::size_t count_ = 0;
};

/// "write 'timeouts' if you meant that" when one of the known words is near, else `otherwise`
/// followed by the known words (the first few of many).
std::string suggest(std::string_view word, const std::vector<std::string_view>& known,
                    std::string_view otherwise);

}  // namespace wssgate::config
