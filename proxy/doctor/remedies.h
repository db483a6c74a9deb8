#pragma once

#include <string>

#include "doctor/findings.h"
#include "doctor/target.h"

namespace wssgate::doctor {

/// The line of configuration that mends a finding, for each server. Empty where there is nothing
/// to configure there.
struct Remedy {
  std::string nginx;
  std::string haproxy;
  std::string caddy;
  std::string wssgate;

  bool empty() const {
    return nginx.empty() && haproxy.empty() && caddy.empty() && wssgate.empty();
  }
};

/// For `finding`, with the names of `target` filled in. `cause` chooses where a finding has
/// several: "name", "versions", "client_certificate", "alpn", "library" and "no_name" of a refused
/// handshake; "forwarding", "path", "upstream", "redirect", "origin", "auth", "host" and "limit" of
/// a refused upgrade; Difference::what of addresses that differ.
Remedy remedy_for(const Finding& finding, const Target& target);

}  // namespace wssgate::doctor
