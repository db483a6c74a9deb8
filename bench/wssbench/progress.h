#pragma once

#include "wssbench/run.h"

namespace wssgate::bench {

/// Tells on standard error how a run goes: on a terminal in one line that is rewritten, else with a
/// line every few seconds, and not at all when quiet.
class Progress {
 public:
  explicit Progress(const Options& options);

  void show(const Status& status);
  /// Leaves the terminal's line empty.
  void end();

 private:
  std::string line(const Status& status) const;

  const Options& options_;
  bool terminal_;
  bool drawn_ = false;
  TimePoint next_;
};

}  // namespace wssgate::bench
