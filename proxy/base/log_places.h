#pragma once

#include <memory>
#include <string>

#include "base/line_sink.h"

// What the words of `log:` lead to: "stdout", "stderr", "off", "syslog", "journald", or a file's
// path.
namespace wssgate::log {

/// Why nothing could be written there, as the system puts it; empty when it can. Makes nothing. A
/// daemon's socket is connected to: one that its reader has left looks as before.
std::string output_fault(const std::string& where);

/// Whether this is a daemon's socket, which may be there a moment later: lines are lost, and
/// counted, until it is.
bool is_socket(const std::string& where);

/// Whether lines to it begin with their severity, for who takes it off.
bool takes_severities(const std::string& where);

/// Those of both logs; none for one that is "off".
struct Sinks {
  std::unique_ptr<LineSink> operational;
  std::unique_ptr<LineSink> access;
  /// There is only the first one, for both: they go to the same place, by whatever names.
  bool shared = false;
};

/// `tell`: of a file that cannot be opened anew. Throws std::runtime_error.
Sinks open_sinks(const std::string& output, const std::string& access, const TellTrouble& tell);

}  // namespace wssgate::log
