#pragma once

#include <set>
#include <string>
#include <vector>

#include "nginx/draft.h"
#include "nginx/findings.h"
#include "nginx/model.h"

namespace wssgate::nginx {

/// The listeners of a draft: those with TLS, those of stream that read the name, and those of plain
/// HTTP that redirect to https. `names` are the names of the hosts. Adds to `model.read`.
std::vector<DraftListener> translate_listeners(Model& model, const std::set<std::string>& names,
                                               Findings& findings);

/// The networks that set_real_ip_from names, where PROXY headers or, with `header`, fields of
/// requests from there are believed. In order, each once.
std::vector<std::string> trusted_networks(const Server& server, Findings& findings);

}  // namespace wssgate::nginx
