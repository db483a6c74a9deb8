#pragma once

#include <string>
#include <vector>

#include "doctor/facts.h"
#include "doctor/findings.h"
#include "doctor/target.h"

namespace wssgate::doctor {

/// What is wrong with what came behind the handshake: the upgrade and the stream behind it, or the
/// answer to a GET. HSTS is judged over all addresses, by diagnose().
std::vector<Finding> judge_answer(const Probe& probe, const Target& target);

/// "101, pong after 3 ms", "404 Not Found". Printable, short; empty where nobody asked.
std::string answer_text(const Probe& probe, const Target& target);

/// The fields of an answer that tell who refused and why, as "Name: value". Printable.
std::vector<std::string> telling_fields(const HttpAnswer& answer);

}  // namespace wssgate::doctor
