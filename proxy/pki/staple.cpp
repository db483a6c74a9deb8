#include "pki/staple.h"

#include <algorithm>
#include <utility>

namespace wssgate::pki {

std::shared_ptr<const Staple> StapleSlot::good(std::chrono::system_clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (!staple_ || now >= staple_->next_update) return nullptr;
  return staple_;
}

bool StapleSlot::revoked() const {
  const std::lock_guard lock(mutex_);
  return revoked_;
}

void StapleSlot::set(std::shared_ptr<const Staple> staple) {
  const std::lock_guard lock(mutex_);
  staple_ = std::move(staple);
  revoked_ = false;
}

void StapleSlot::set_revoked() {
  const std::lock_guard lock(mutex_);
  staple_ = nullptr;
  revoked_ = true;
}

std::shared_ptr<StapleSlot> StapleBook::slot(const std::string& fingerprint) {
  const std::lock_guard lock(mutex_);
  if (slots_.size() >= enough_) forget_unused();
  std::weak_ptr<StapleSlot>& known = slots_[fingerprint];
  auto slot = known.lock();
  if (!slot) known = slot = std::make_shared<StapleSlot>();
  return slot;
}

// Now and then, so that renewals do not pile up.
void StapleBook::forget_unused() {
  std::erase_if(slots_, [](const auto& entry) { return entry.second.expired(); });
  enough_ = std::max(enough_, 2 * slots_.size());
}

}  // namespace wssgate::pki
