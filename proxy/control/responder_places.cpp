#include "control/responder_places.h"

#include <utility>

namespace wssgate::control {

bool ResponderPlaces::enter(const std::string& authority, Go later) {
  const std::lock_guard lock(mutex_);
  Responder& responder = responders_[authority];
  if (responder.taken < at_once_) {
    ++responder.taken;
    return true;
  }
  responder.queue.push_back(std::move(later));
  return false;
}

ResponderPlaces::Go ResponderPlaces::leave(const std::string& authority) {
  const std::lock_guard lock(mutex_);
  const auto found = responders_.find(authority);
  Responder& responder = found->second;
  if (responder.queue.empty()) {
    if (--responder.taken == 0) responders_.erase(found);
    return {};
  }
  Go next = std::move(responder.queue.front());
  responder.queue.pop_front();
  return next;
}

}  // namespace wssgate::control
