#include "wssbench/echo_message.h"

#include <algorithm>
#include <cstring>

#include "wssbench/failure.h"

namespace wssgate::bench {
namespace {

constexpr std::size_t kNumber = 16;
constexpr unsigned kSentBits = 24;
constexpr std::string_view kFilling = "wssbench";

}  // namespace

EchoMessage::EchoMessage(std::uint64_t connection, std::size_t size, bool text,
                         std::string_view prefix, const MaskKey& mask)
    : mask_(mask),
      expected_(prefix),
      prefix_(prefix.size()),
      digits_(std::min(size, kNumber)),
      connection_(connection) {
  for (std::size_t i = 0; i < size; ++i) expected_ += kFilling[i % kFilling.size()];
  append_frame_header(frame_, text ? Opcode::text : Opcode::binary, size, mask_);
  header_ = frame_.size();
  frame_ += std::string_view(expected_).substr(prefix_);
  apply_mask(frame_.data() + header_, size, mask_);
}

void EchoMessage::write_number() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::uint64_t number = (connection_ << kSentBits) | (sent_ & ((1U << kSentBits) - 1));
  for (std::size_t i = digits_; i-- > 0; number >>= 4U) {
    const char digit = kDigits[number & 0xfU];
    expected_[prefix_ + i] = digit;
    frame_[header_ + i] = static_cast<char>(static_cast<std::uint8_t>(digit) ^ mask_[i % 4]);
  }
}

std::string_view EchoMessage::next() {
  ++sent_;
  write_number();
  seen_ = 0;
  returned_ = false;
  return frame_;
}

Result<void> EchoMessage::take(const Piece& piece) {
  if (returned_) return failure("a message that was not asked for");
  const std::string_view got = piece.payload;
  if (got.size() > expected_.size() - seen_) return failure("wrong bytes: too many");
  if (std::memcmp(got.data(), expected_.data() + seen_, got.size()) != 0) {
    return wrong(got, seen_);
  }
  seen_ += got.size();
  if (!piece.ends_message()) return {};
  if (seen_ < expected_.size()) return failure("wrong bytes: too few");
  returned_ = true;
  return {};
}

/// Where all but the number fits, it is the message of somebody else.
Error EchoMessage::wrong(std::string_view got, std::size_t at) const {
  const std::size_t number_end = prefix_ + digits_;
  const bool whole = at == 0 && got.size() == expected_.size();
  const bool rest_fits = whole &&
                         got.substr(number_end) == std::string_view(expected_).substr(number_end) &&
                         got.substr(0, prefix_) == std::string_view(expected_).substr(0, prefix_);
  const bool is_number =
      rest_fits && digits_ == kNumber &&
      got.substr(prefix_, digits_).find_first_not_of("0123456789abcdef") == std::string_view::npos;
  return failure(is_number ? "wrong bytes: another message's" : "wrong bytes");
}

}  // namespace wssgate::bench
