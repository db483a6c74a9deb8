#include "upstream/endpoint_states.h"

namespace wssgate::upstream {

std::shared_ptr<EndpointState> EndpointStates::of(const std::string& upstream,
                                                  const std::string& endpoint) {
  std::erase_if(states_, [](const auto& state) { return state.second.expired(); });
  std::weak_ptr<EndpointState>& known = states_[{upstream, endpoint}];
  auto state = known.lock();
  if (!state) known = state = std::make_shared<EndpointState>();
  return state;
}

}  // namespace wssgate::upstream
