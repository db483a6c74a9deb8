#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wssgate {

using Duration = std::chrono::milliseconds;

/// A whole number with its unit: ms, s, m, h, d ("500ms", "30s", "180d"). A bare number is
/// refused, since nobody can see what it means. Nothing when it is not one, or is over 36500d: a
/// hundred years can still be added to a clock that counts nanoseconds.
std::optional<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration duration);

/// A whole number with its unit: B, KiB, MiB, GiB ("32KiB"), below 2^63 bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

}  // namespace wssgate
