#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "doctor/diagnose.h"

namespace wssgate::doctor {

/// One examination, for a person: the addresses side by side, the certificates, the two verdicts,
/// what was found, and last the one sentence with its lines of configuration. Everything that came
/// from a server is escaped. Ends with a newline.
std::string report_text(const Target& target, const std::vector<Probe>& probes,
                        const Diagnosis& diagnosis, std::chrono::system_clock::time_point now,
                        bool coloured);

/// The same for a program: one JSON object without its newline, in one line if not `indented`.
std::string report_json(const Target& target, const std::vector<Probe>& probes,
                        const Diagnosis& diagnosis, std::chrono::system_clock::time_point now,
                        bool indented);

/// What there is to notice, a line each and in a fixed order: two examinations with the same lines
/// found the same. Times that differ each time are left out.
std::vector<std::string> state_lines(const Target& target, const std::vector<Probe>& probes,
                                     const Diagnosis& diagnosis);

/// What `after` has that `before` had not ("+ …"), and the other way round ("- …").
std::vector<std::string> changed_lines(const std::vector<std::string>& before,
                                       const std::vector<std::string>& after);

}  // namespace wssgate::doctor
