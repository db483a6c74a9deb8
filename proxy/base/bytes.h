#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace wssgate {

using ByteView = std::span<const std::uint8_t>;

/// Reads big-endian integers and length-prefixed fields from a byte range, never past its end.
/// Every read that does not fit returns nothing and consumes nothing.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  std::size_t left() const { return rest_.size(); }
  bool empty() const { return rest_.empty(); }

  std::optional<std::uint8_t> u8() { return integer<std::uint8_t, 1>(); }
  std::optional<std::uint16_t> u16() { return integer<std::uint16_t, 2>(); }
  std::optional<std::uint32_t> u24() { return integer<std::uint32_t, 3>(); }
  std::optional<std::uint32_t> u32() { return integer<std::uint32_t, 4>(); }
  std::optional<std::uint64_t> u64() { return integer<std::uint64_t, 8>(); }

  std::optional<ByteView> bytes(std::size_t count) {
    if (count > rest_.size()) return std::nullopt;
    const ByteView taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }

  /// A vector<0..2^8-1> of RFC 8446 §3.4: one length byte, then that many bytes.
  std::optional<ByteView> vector8() { return vector<std::uint8_t, 1>(); }
  /// A vector<0..2^16-1> of RFC 8446 §3.4: two length bytes, then that many bytes.
  std::optional<ByteView> vector16() { return vector<std::uint16_t, 2>(); }

 private:
  template <class T, std::size_t kSize>
  std::optional<T> integer() {
    const auto taken = bytes(kSize);
    if (!taken) return std::nullopt;
    T value = 0;
    for (const std::uint8_t byte : *taken) value = static_cast<T>((value << 8U) | byte);
    return value;
  }

  template <class T, std::size_t kSize>
  std::optional<ByteView> vector() {
    const ByteView before = rest_;
    const auto length = integer<T, kSize>();
    const auto taken = length ? bytes(*length) : std::nullopt;
    if (!taken) rest_ = before;
    return taken;
  }

  ByteView rest_;
};

}  // namespace wssgate
