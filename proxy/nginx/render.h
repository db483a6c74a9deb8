#pragma once

#include <string>

#include "base/report.h"
#include "nginx/findings.h"
#include "nginx/import.h"

namespace wssgate::nginx {

struct Look {
  bool coloured = false;
  /// Tell of each directive that is replaced, and not only name it.
  bool every_note = false;
};

/// For a person: the traps with their places and why they hurt, what is not carried over, the
/// notes, and the counts. What says the same of several places is told once. Printable but for the
/// colours.
std::string report_text(const std::string& path, const Findings& findings, const Look& look);

/// For a program: one JSON object with the "exit_code", the "problems" that keep the file from
/// being read, "findings", and the "configuration" (null where there is nothing to serve). Ends
/// with a newline; valid UTF-8 whatever was read.
std::string report_json(const std::string& path, const Import& import, const Report& syntax);

/// "3 traps, 1 thing not carried over, 12 notes".
std::string counts_text(const Findings& findings);

}  // namespace wssgate::nginx
