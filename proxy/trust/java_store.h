#pragma once

#include "pki/dev_ca.h"
#include "trust/places.h"
#include "trust/step.h"

/// The keystores (cacerts) that Java trusts by: of $JAVA_HOME, and of the JVM whose keytool is in
/// the PATH. Where a distribution makes a JVM's from the system's store, that one's steps come
/// first, and here is only looked whether it was done.
namespace wssgate::trust {

Steps install_in_java(const pki::DevRoot& root, const Places& places);
Steps remove_from_java(const pki::DevRoot& root, const Places& places);

}  // namespace wssgate::trust
