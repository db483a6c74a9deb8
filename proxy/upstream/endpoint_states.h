#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "upstream/endpoint.h"

namespace wssgate::upstream {

/// The states of all endpoints that are configured, or that a tunnel still leads to: one that a
/// reload takes out and a later one brings back goes on with its count of connections. The same
/// object for all snapshots of a process; used by one thread at a time.
class EndpointStates {
 public:
  /// `endpoint`: its text (Endpoint).
  std::shared_ptr<EndpointState> of(const std::string& upstream, const std::string& endpoint);

 private:
  std::map<std::pair<std::string, std::string>, std::weak_ptr<EndpointState>> states_;
};

}  // namespace wssgate::upstream
