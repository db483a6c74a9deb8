#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

#include "net/waiter.h"

namespace wssgate::upstream {

/// Requests of all workers that wait for a place at an endpoint of one upstream, first come, first
/// served: the one in front tries whenever a place becomes free, and when it comes to the front.
/// The lock is taken only while somebody waits.
class Queue {
  struct Entry;

 public:
  /// A place in the queue, left when destroyed. Belongs to the thread of its waiter.
  class Place {
   public:
    Place(std::shared_ptr<Queue> queue, std::shared_ptr<Entry> entry);
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place();
    explicit operator bool() const { return entry_ != nullptr; }

    bool is_in_front() const;

   private:
    std::shared_ptr<Queue> queue_;
    std::shared_ptr<Entry> entry_;
  };

  /// A place for whoever sleeps on `waiter`, which is notified when it is time to try. False when
  /// `length` wait already. `terms`: whose they are that it tries by; told apart by its address.
  static Place join(const std::shared_ptr<Queue>& queue, const void* terms, std::size_t length,
                    net::Loop& loop, net::Waiter& waiter);

  /// Somebody waits who is to have the next place on these terms. Whoever waits on those before a
  /// reload does not keep others from what there is since.
  bool is_before(const void* terms) const;

  /// An endpoint has room for one more. Any thread.
  void place_is_free();

  std::size_t waiting() const { return waiting_; }

 private:
  void notify_front();
  void leave(Entry& entry);

  std::atomic<std::size_t> waiting_{0};
  mutable std::mutex mutex_;
  std::list<std::shared_ptr<Entry>> entries_;
};

}  // namespace wssgate::upstream
