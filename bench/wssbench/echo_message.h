#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "wssbench/frames.h"

namespace wssgate::bench {

/// A message that is sent again and again and has to come back byte for byte. It begins with 16 hex
/// digits, the connection's number and the message's, so that no other message equals it; where
/// it is shorter, with the last ones of these. Written in place: nothing is allocated for a
/// message.
class EchoMessage {
 public:
  /// `prefix`: what the server puts before each echo.
  EchoMessage(std::uint64_t connection, std::size_t size, bool text, std::string_view prefix,
              const MaskKey& mask);

  /// The whole frame of the next message; the same memory each time.
  std::string_view next();

  /// Compares what came back. Error: wrong bytes, and whose they are.
  Result<void> take(const Piece& piece);
  /// All of the message that next() gave has come back.
  bool returned() const { return returned_; }

 private:
  void write_number();
  Error wrong(std::string_view got, std::size_t at) const;

  MaskKey mask_;
  std::string frame_;
  std::string expected_;
  std::size_t header_ = 0;
  std::size_t prefix_ = 0;
  std::size_t digits_ = 0;
  std::uint64_t connection_;
  std::uint64_t sent_ = 0;
  std::size_t seen_ = 0;
  bool returned_ = true;
};

}  // namespace wssgate::bench
