#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/report.h"
#include "pki/certificate.h"

/// What was proven and what is wrong, as text for people and for programs.
namespace wssgate::cli {

enum class Look : std::uint8_t {
  lines,          ///< one line a problem, to be searched: where it does not go to a terminal
  page,           ///< grouped and aligned, for someone who reads it
  coloured_page,  ///< the same, errors red and warnings yellow
};

/// By what the descriptor is, and the environment: NO_COLOR (https://no-color.org), TERM=dumb.
Look look_of(int fd);

/// Every problem, ordered by place. What a terminal would act on is escaped on a page.
std::string problems_text(const Report& report, Look look);

/// "2 problems", "1 problem and 3 warnings", "1 warning", "no problems".
std::string counts_text(const Report& report);

/// A name that is served, and a certificate that answers to it. A name with two certificates (ECDSA
/// and RSA) is there twice.
struct ProvenHost {
  std::string name;
  std::shared_ptr<const pki::Certificate> certificate;
};

/// A table with a line for each: name, chain file, key, issuer, and the whole days left at `now`.
std::string hosts_text(const std::vector<ProvenHost>& hosts,
                       std::chrono::system_clock::time_point now, Look look);

/// One JSON object: "ok", "problems" and "certificates", each certificate with the names that it
/// answers to. Ends with a newline. Valid UTF-8 whatever the report holds.
std::string check_json(const Report& report, const std::vector<ProvenHost>& hosts);

}  // namespace wssgate::cli
