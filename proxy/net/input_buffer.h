#pragma once

#include <memory>
#include <string_view>

#include "net/stream.h"

namespace wssgate::net {

/// Bytes that were received and not yet used. Holds memory only while it holds bytes.
class InputBuffer {
 public:
  /// Never holds more than `most` bytes.
  explicit InputBuffer(std::size_t most) : most_(most) {}

  std::string_view view() const { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  bool full() const { return end_ - begin_ >= most_; }

  /// Reads once from `stream`, behind what is there. Reads nothing when full.
  Result<Received> fill(Stream& stream);
  void consume(std::size_t bytes);

 private:
  void make_room();

  std::size_t most_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace wssgate::net
