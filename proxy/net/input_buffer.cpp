#include "net/input_buffer.h"

#include <algorithm>
#include <cstring>

namespace wssgate::net {
namespace {

constexpr std::size_t kFirst = std::size_t{16} * 1024;  // one TLS record of the largest size

}  // namespace

// Room for at least one byte behind the end; the caller has seen that it is not full.
void InputBuffer::make_room() {
  if (end_ < capacity_) return;
  const std::size_t held = end_ - begin_;
  if (begin_ > 0) {
    std::memmove(bytes_.get(), bytes_.get() + begin_, held);
  } else {
    const std::size_t larger = std::min(most_, std::max(kFirst, capacity_ * 2));
    auto moved = std::make_unique_for_overwrite<char[]>(larger);
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
  bytes_.reset();
  capacity_ = begin_ = end_ = 0;
}

}  // namespace wssgate::net
