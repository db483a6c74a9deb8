#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/report.h"
#include "config/model.h"
#include "gateway/upstream_tls.h"
#include "upstream/endpoint_states.h"
#include "upstream/upstream.h"

namespace wssgate::gateway {

using Upstreams = std::unordered_map<std::string, std::shared_ptr<upstream::Upstream>>;

/// The upstreams of a configuration, by name. Those that are the same as `before` are the same
/// objects, and so are the single endpoints of an upstream: how they do, what is under way there
/// and their idle connections live on; with other TLS terms their connections do not. Of endpoints
/// that were away since `before` or earlier, `states` remembers what is under way. A name
/// that does not resolve keeps the addresses it had; that, or having none, is a warning and no
/// error: a backend may start later than its proxy. Blocks on DNS.
Upstreams make_upstreams(const std::vector<config::Upstream>& configured,
                         const UpstreamTlsTerms& tls, const Upstreams& before,
                         upstream::EndpointStates& states, Report& report);

}  // namespace wssgate::gateway
