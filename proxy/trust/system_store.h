#pragma once

#include <string>

#include "pki/dev_ca.h"
#include "trust/places.h"
#include "trust/step.h"

/// The store that curl, wget, Go, PHP, .NET and the like read: a folder for certificates of the
/// administrator's, and a program that makes bundles of it (Debian's ca-certificates, Fedora's and
/// Arch's p11-kit, openSUSE's).
namespace wssgate::trust {

Steps install_in_system(const pki::DevRoot& root, const Places& places);
Steps remove_from_system(const pki::DevRoot& root, const Places& places);

/// The bundle of all that the system trusts, for programs that read one file; empty where there is
/// no such store.
std::string system_bundle(const Places& places);

}  // namespace wssgate::trust
