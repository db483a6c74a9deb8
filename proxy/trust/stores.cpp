#include "trust/stores.h"

#include <iterator>

#include "trust/java_store.h"
#include "trust/nss_store.h"
#include "trust/system_store.h"

namespace wssgate::trust {
namespace {

void append(Steps& steps, Steps more) {
  steps.insert(steps.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

}  // namespace

// Java comes last: its keystore may be made from the system's store.
Steps install(const pki::DevRoot& root, const Places& places) {
  Steps steps = install_in_system(root, places);
  append(steps, install_in_nss(root, places));
  append(steps, install_in_java(root, places));
  return steps;
}

Steps remove(const pki::DevRoot& root, const Places& places) {
  Steps steps = remove_from_system(root, places);
  append(steps, remove_from_nss(root, places));
  append(steps, remove_from_java(root, places));
  return steps;
}

}  // namespace wssgate::trust
