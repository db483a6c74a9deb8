#pragma once

#include <cstdint>

/// The bits of a frame's header (RFC 6455 §5.2). The reserved ones belong to extensions, which only
/// the endpoints know.
namespace wssgate::websocket {

inline constexpr std::uint8_t kFinal = 0x80;
inline constexpr std::uint8_t kOpcodeBits = 0x0f;
inline constexpr std::uint8_t kMasked = 0x80;
inline constexpr std::uint8_t kLengthBits = 0x7f;
inline constexpr std::uint8_t kLength16 = 126;
inline constexpr std::uint8_t kLength64 = 127;

inline constexpr std::uint8_t kContinuation = 0x0;
inline constexpr std::uint8_t kBinary = 0x2;
inline constexpr std::uint8_t kClose = 0x8;
inline constexpr std::uint8_t kPing = 0x9;
inline constexpr std::uint8_t kPong = 0xa;

}  // namespace wssgate::websocket
