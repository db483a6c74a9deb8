#pragma once

#include <vector>

#include "nginx/findings.h"
#include "nginx/model.h"

namespace wssgate::nginx {

/// Accounts for every directive of the tree that is not in `model.read`: by a table of what wssgate
/// does by itself, and everything else as lost. So that nothing is left out silently, what nobody
/// has thought of included.
void account_for_rest(const Model& model, const std::vector<Directive>& tree, Findings& findings);

}  // namespace wssgate::nginx
