#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

/// Control frames of the proxy's own (RFC 6455 §5.5), and the pongs that come back.
namespace wssgate::websocket {

/// Close codes that a proxy sends (§7.4.1, and IANA's registry for 1012).
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kMessageTooBig = 1009;
inline constexpr std::uint16_t kServiceRestart = 1012;

/// Sent towards an upstream, frames are masked with this key, which nobody may predict (§5.3);
/// towards a client they are bare.
using MaskKey = std::array<std::uint8_t, 4>;

/// `reason` has at most 123 bytes.
std::string close_frame(std::uint16_t code, std::string_view reason,
                        const std::optional<MaskKey>& mask);
/// `payload` has at most 125 bytes.
std::string ping_frame(std::string_view payload, const std::optional<MaskKey>& mask);

/// The header of a frame, two bytes to fourteen (§5.2).
inline constexpr std::size_t kMostHeader = 14;
/// Of the frame that `bytes` begins with; 0 when they do not tell yet.
std::size_t header_size(ByteView bytes);

/// How the frame that `bytes` begins with compares with the pong that answers our ping.
enum class PongMatch : std::uint8_t {
  no,
  so_far,  ///< all of `bytes` fits, and more of the frame is to come
  whole,
};
/// `masked`: it comes from a client.
PongMatch match_pong(ByteView bytes, std::string_view payload, bool masked);
/// How long that pong is, header and all.
std::size_t pong_size(std::string_view payload, bool masked);

}  // namespace wssgate::websocket
