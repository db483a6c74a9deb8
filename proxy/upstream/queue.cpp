#include "upstream/queue.h"

#include <utility>

namespace wssgate::upstream {

struct Queue::Entry {
  net::Loop* loop;
  /// Null once the place has been left. Touched in the loop's thread alone.
  net::Waiter* waiter;
  const void* terms;
};

Queue::Place::Place(std::shared_ptr<Queue> queue, std::shared_ptr<Entry> entry)
    : queue_(std::move(queue)), entry_(std::move(entry)) {}

Queue::Place::~Place() {
  if (!entry_) return;
  entry_->waiter = nullptr;
  queue_->leave(*entry_);
}

bool Queue::Place::is_in_front() const {
  const std::lock_guard lock(queue_->mutex_);
  return queue_->entries_.front() == entry_;
}

Queue::Place Queue::join(const std::shared_ptr<Queue>& queue, const void* terms, std::size_t length,
                         net::Loop& loop, net::Waiter& waiter) {
  const std::lock_guard lock(queue->mutex_);
  if (queue->entries_.size() >= length) return {queue, nullptr};
  auto entry = std::make_shared<Entry>(Entry{&loop, &waiter, terms});
  queue->entries_.push_back(entry);
  // Before its owner tries once more: who frees a place after that sees that somebody waits.
  queue->waiting_ = queue->entries_.size();
  return {queue, std::move(entry)};
}

bool Queue::is_before(const void* terms) const {
  if (waiting_ == 0) return false;
  const std::lock_guard lock(mutex_);
  return !entries_.empty() && entries_.front()->terms == terms;
}

void Queue::leave(Entry& entry) {
  const std::lock_guard lock(mutex_);
  const bool was_in_front = entries_.front().get() == &entry;
  std::erase_if(entries_, [&](const auto& each) { return each.get() == &entry; });
  waiting_ = entries_.size();
  if (was_in_front) notify_front();
}

void Queue::place_is_free() {
  if (waiting_ == 0) return;
  const std::lock_guard lock(mutex_);
  notify_front();
}

void Queue::notify_front() {
  if (entries_.empty()) return;
  entries_.front()->loop->post([entry = entries_.front()] {
    if (entry->waiter != nullptr) entry->waiter->notify();
  });
}

}  // namespace wssgate::upstream
