#pragma once

#include <string>
#include <vector>

#include "base/report.h"
#include "nginx/certificates.h"
#include "nginx/findings.h"
#include "nginx/parser.h"

namespace wssgate::nginx {

/// What came of one configuration.
struct Import {
  Findings findings;
  /// A wssgate configuration, with comments; comments alone where there is nothing to serve.
  std::string yaml;
  /// There is something to serve.
  bool serves = false;
};

/// Reads `path` with all its includes, finds the traps in it and translates it. `roots` are named
/// in the result besides the system's, and are in `trust` already. What nginx would not start with
/// goes to `report` as errors, and then nothing is to be done with the result.
Import import_file(const std::string& path, const Sources& sources, CertificateReader::Read read,
                   const std::vector<std::string>& roots, Report& report);

}  // namespace wssgate::nginx
