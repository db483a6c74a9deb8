#pragma once

#include <string>

#include "nginx/findings.h"
#include "nginx/import.h"

namespace wssgate::nginx {

/// For a person: each trap with its place and why it hurts, what is not carried over, the notes,
/// and the counts. Printable but for the colours.
std::string report_text(const std::string& path, const Findings& findings, bool coloured);

/// For a program: one JSON object with "findings", the "configuration" (null where there is nothing
/// to serve) and the "exit_code". Ends with a newline; valid UTF-8 whatever was read.
std::string report_json(const std::string& path, const Import& import);

/// "3 traps, 1 thing not carried over, 12 notes".
std::string counts_text(const Findings& findings);

}  // namespace wssgate::nginx
