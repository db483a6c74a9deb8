#pragma once

#include <string>
#include <vector>

#include "doctor/chain_verdicts.h"
#include "doctor/facts.h"
#include "doctor/findings.h"
#include "doctor/remedies.h"
#include "doctor/target.h"

namespace wssgate::doctor {

/// The exit codes of `wssgate doctor`. Stable.
enum class ExitCode : std::uint8_t {
  good = 0,         ///< nothing is wrong, though there may be advice
  broken = 1,       ///< something keeps clients out
  usage = 2,        ///< the command line
  unreachable = 3,  ///< no address could be connected to, or the name has none
  warnings = 4,     ///< nothing keeps clients out today
};

/// What one address comes to.
struct AddressVerdict {
  Effect browsers;
  Effect strict;
  /// From the leaf up to the root: "chat.example <- R11 <- ISRG Root X1". Printable.
  std::string chain;
  StapleState staple;
};

/// One thing in which the addresses are not alike.
struct Difference {
  /// "certificate", "chain", "TLS version", "staple", "answer" and the like.
  std::string what;
  struct Group {
    std::string value;
    std::vector<std::size_t> addresses;
  };
  /// The largest first.
  std::vector<Group> groups;
};

/// What all of it means.
struct Diagnosis {
  /// Beside the probes.
  std::vector<AddressVerdict> verdicts;
  /// What to mend first comes first.
  std::vector<Finding> findings;
  std::vector<Difference> differences;
  /// What is wrong, and what to change: one sentence without its full stop.
  std::string sentence;
  Remedy remedy;
  ExitCode exit_code = ExitCode::good;
};

/// Pure: the same facts, trust and time come to the same.
Diagnosis diagnose(const Target& target, const std::vector<Probe>& probes, const Judge& judge);

/// Of a name that leads nowhere; `why` is the resolver's word.
Diagnosis diagnose_unresolved(const Target& target, const std::string& why);

}  // namespace wssgate::doctor
