#include "wssbench/push_stamp.h"

#include <fmt/format.h>

#include <charconv>
#include <fstream>

namespace wssgate::bench {
namespace {

constexpr std::string_view kBegin = "push ";
constexpr std::size_t kStampNumber = 16;

/// The steady clocks of two boots cannot be compared.
const std::string& this_boot() {
  static const std::string boot = [] {
    std::string id;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
    return fmt::format("{:016x}", std::hash<std::string>()(id));
  }();
  return boot;
}

std::optional<std::uint64_t> hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string PushStamp::text() const {
  const auto ns = std::chrono::duration_cast<Nanoseconds>(due.time_since_epoch()).count();
  return fmt::format("{}{:016x} {:016x} {}", kBegin, number, ns, this_boot());
}

std::optional<PushStamp> PushStamp::parse(std::string_view text) {
  if (text.size() < kSize || !text.starts_with(kBegin)) return std::nullopt;
  const auto number = hex(text.substr(kBegin.size(), kStampNumber));
  const auto due = hex(text.substr(kBegin.size() + kStampNumber + 1, kStampNumber));
  if (!number || !due || text.substr(kSize - kStampNumber, kStampNumber) != this_boot())
    return std::nullopt;
  PushStamp stamp;
  stamp.number = *number;
  stamp.due = TimePoint(Nanoseconds(static_cast<std::int64_t>(*due)));
  return stamp;
}

}  // namespace wssgate::bench
