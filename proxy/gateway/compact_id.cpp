#include "gateway/compact_id.h"

#include <algorithm>
#include <utility>

namespace wssgate::gateway {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

HexId::HexId(const std::uint8_t* bytes) { std::copy_n(bytes, kBytes, bytes_.begin()); }

std::optional<HexId> HexId::of(std::string_view text) {
  if (text.size() != 2 * kBytes) return std::nullopt;
  HexId id;
  for (std::size_t i = 0; i < kBytes; ++i) {
    const std::size_t high = kDigits.find(text[2 * i]);
    const std::size_t low = kDigits.find(text[2 * i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    id.bytes_[i] = static_cast<std::uint8_t>(high << 4U | low);
  }
  return id;
}

std::string HexId::text() const {
  std::string text;
  text.reserve(2 * kBytes);
  for (const std::uint8_t byte : bytes_) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0xfU];
  }
  return text;
}

RequestId::RequestId(std::string_view text) {
  if (text.empty()) return;
  if (const auto hex = HexId::of(text)) {
    id_ = *hex;
    return;
  }
  auto copy = std::make_unique<char[]>(text.size() + 1);  // with a NUL
  std::copy(text.begin(), text.end(), copy.get());
  id_ = std::move(copy);
}

std::string RequestId::text() const {
  if (const auto* const hex = std::get_if<HexId>(&id_)) return hex->text();
  if (const auto* const other = std::get_if<std::unique_ptr<char[]>>(&id_)) return other->get();
  return {};
}

}  // namespace wssgate::gateway
