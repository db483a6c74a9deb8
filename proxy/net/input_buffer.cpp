#include "net/input_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

namespace wssgate::net {
namespace {

constexpr std::size_t kFirst = std::size_t{16} * 1024;  // one TLS record of the largest size

using Bytes = std::unique_ptr<char[]>;

/// This thread's buffers of the first size that hold nothing. A request takes two and gives them
/// back, and the allocator is slow with pieces as large as these.
class Spares {
 public:
  Bytes take() {
    if (kept_.empty()) return std::make_unique_for_overwrite<char[]>(kFirst);
    Bytes last = std::move(kept_.back());
    kept_.pop_back();
    return last;
  }
  void put(Bytes bytes) {
    if (kept_.size() < kMost) kept_.push_back(std::move(bytes));
  }

 private:
  static constexpr std::size_t kMost = 8;
  std::vector<Bytes> kept_;
};

Spares& spares() {
  thread_local Spares buffers;
  return buffers;
}

}  // namespace

// Room for at least one byte behind the end; the caller has seen that it is not full.
void InputBuffer::make_room() {
  if (end_ < capacity_) return;
  const std::size_t held = end_ - begin_;
  if (begin_ > 0) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, held);
  } else {
    const std::size_t larger = std::min(most_, std::max(kFirst, capacity_ * 2));
    auto moved =
        larger == kFirst ? spares().take() : std::make_unique_for_overwrite<char[]>(larger);
    if (held > 0) std::memcpy(moved.get(), bytes_.get(), held);
    bytes_ = std::move(moved);
    capacity_ = larger;
  }
  begin_ = 0;
  end_ = held;
}

Result<Received> InputBuffer::fill(Stream& stream) {
  if (full()) return Received{};
  make_room();
  auto got = stream.read({bytes_.get() + end_, capacity_ - end_});
  if (got) end_ += got->bytes;
  if (empty()) consume(0);
  return got;
}

void InputBuffer::consume(std::size_t bytes) {
  begin_ += bytes;
  if (begin_ < end_) return;
  if (capacity_ == kFirst) spares().put(std::move(bytes_));
  bytes_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace wssgate::net
