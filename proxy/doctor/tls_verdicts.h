#pragma once

#include <string>
#include <vector>

#include "doctor/facts.h"
#include "doctor/findings.h"
#include "doctor/target.h"

namespace wssgate::doctor {

/// What is wrong on the way to the end of the handshake: nothing where it was done as it should.
std::vector<Finding> judge_way(const Probe& probe, const Target& target);

/// What is wrong with what is served to no name and to a made-up one.
std::vector<Finding> judge_other_names(const Probe& probe, const Target& target);

/// What an answer served, as a clause: "the certificate of 'a.example'", "no certificate: the
/// alert unrecognized_name (112)". Printable; empty where nobody asked.
std::string served(const TlsAnswer& answer);

/// "handshake_failure (40)", as RFC 8446 §6 calls it.
std::string alert_name(int alert);

}  // namespace wssgate::doctor
