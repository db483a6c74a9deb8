#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// Ids as access records keep them: a tunnel has them for days.
namespace wssgate::gateway {

/// 32 lower-case hexadecimal digits.
class HexId {
 public:
  static constexpr std::size_t kBytes = 16;

  explicit HexId(const std::uint8_t* bytes);
  /// None where the text is no such id.
  static std::optional<HexId> of(std::string_view text);

  std::string text() const;

 private:
  HexId() = default;

  std::array<std::uint8_t, kBytes> bytes_{};
};

/// Any text without NUL; what is a HexId takes no heap.
class RequestId {
 public:
  RequestId() = default;
  explicit RequestId(std::string_view text);

  /// Empty where there is none.
  std::string text() const;

 private:
  std::variant<std::monostate, HexId, std::unique_ptr<char[]>> id_;
};

}  // namespace wssgate::gateway
