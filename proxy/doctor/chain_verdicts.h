#pragma once

#include <string>
#include <vector>

#include "doctor/chain_walk.h"
#include "doctor/facts.h"
#include "doctor/findings.h"

namespace wssgate::doctor {

/// What is known of a certificate beside the one chain that lacks it.
struct KnownIssuers {
  /// What other addresses sent, and the text of the address.
  struct Member {
    X509* certificate = nullptr;
    std::string sent_by;
  };
  std::vector<Member> members;
};

/// What is wrong with the certificate that came for `wanted_name` and with the chain behind it, as
/// RFC 5280 and RFC 9525 judge it, for browsers and for strict clients. `walk` is the answer's.
std::vector<Finding> judge_chain(const TlsAnswer& answer, const ChainWalk& walk,
                                 const std::string& wanted_name, const KnownIssuers& known,
                                 const Judge& judge);

}  // namespace wssgate::doctor
