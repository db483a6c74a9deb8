#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "net/input_buffer.h"
#include "net/stream.h"
#include "protocol/http/body.h"

namespace wssgate::gateway {

/// Moves one message body from one stream to another as it comes, a buffer's worth at most at a
/// time: it reads on only when all that it read has been taken by the other side.
class BodyRelay {
 public:
  /// `input` holds what has already been read from `from`; what follows the body stays in it.
  BodyRelay(net::InputBuffer& input, net::Stream& from, net::Stream& to, http::Framing framing,
            bool rechunk);

  /// Goes out with the body's next bytes, which have been read already: one send for both.
  void precede(std::string head) { head_ = std::move(head); }
  /// Moves what can be moved now; false when that is nothing. Errors carry the side at fault.
  Result<bool> step();
  /// The whole body has been handed to `to` (some of it may be pending there).
  bool done() const { return done_; }
  /// Payload so far.
  std::uint64_t bytes() const { return bytes_; }

 private:
  Result<void> pass_on();
  Result<void> finish();

  net::InputBuffer& input_;
  net::Stream& from_;
  net::Stream& to_;
  http::BodyDecoder decoder_;
  std::string head_;
  bool rechunk_;
  bool done_ = false;
  std::uint64_t bytes_ = 0;
};

}  // namespace wssgate::gateway
