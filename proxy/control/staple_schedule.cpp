#include "control/staple_schedule.h"

#include <algorithm>

namespace wssgate::control {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLeast = 1s;
constexpr Duration kMost = 24h * 7;

Duration shortened(Duration delay, double share) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(delay.count()) * (1 - share)));
}

}  // namespace

Duration refresh_delay(std::chrono::system_clock::time_point this_update,
                       std::chrono::system_clock::time_point next_update,
                       std::chrono::system_clock::time_point now, double jitter) {
  // Halves before the difference, which could overflow.
  const auto half = next_update.time_since_epoch() / 2 - this_update.time_since_epoch() / 2;
  const auto until_half = std::chrono::floor<Duration>(this_update + half - now);
  const auto quarter_left = std::chrono::floor<Duration>((next_update - now) / 4);
  const Duration delay = std::max(until_half, std::min<Duration>(quarter_left, 1h));
  return shortened(std::clamp(delay, kLeast, kMost), 0.2 * jitter);
}

Duration retry_delay(unsigned failures, std::optional<Duration> left, const RetryTerms& terms,
                     double jitter) {
  constexpr unsigned kMostDoublings = 16;
  const Duration doubled = terms.first * (1U << std::min(failures - 1, kMostDoublings));
  Duration delay = std::min(doubled, terms.most);
  if (left) delay = std::min(delay, std::max(*left / 4, terms.first));
  return shortened(delay, 0.5 * jitter);
}

}  // namespace wssgate::control
