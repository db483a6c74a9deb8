#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/report.h"
#include "config/model.h"
#include "pki/tls_peer.h"
#include "pki/trust.h"

namespace wssgate::gateway {

/// How handshakes with the endpoints of an upstream go, by the upstream's name.
using UpstreamTlsTerms = std::map<std::string, std::shared_ptr<const pki::PeerTerms>>;

/// The terms of every upstream with `tls`, from the files as they are now. Those that are the same
/// as `before` are the same objects. Problems go to `report`; an upstream that has one goes on with
/// what it had, and has no entry where that is nothing: it must not be connected to. Upstreams that
/// are not verified are warnings. `anchors` is what counts where no CA is named.
UpstreamTlsTerms make_upstream_tls(const std::vector<config::Upstream>& configured,
                                   const pki::TrustAnchors& anchors,
                                   std::chrono::system_clock::time_point now,
                                   const UpstreamTlsTerms* before, Report& report);

/// What an endpoint's certificate must be for where its upstream names nothing: the host in the
/// endpoint's text, a canonical name or an IP address.
std::string host_to_verify(const std::string& endpoint);

}  // namespace wssgate::gateway
