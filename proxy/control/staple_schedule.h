#pragma once

#include <chrono>
#include <optional>

#include "base/units.h"

namespace wssgate::control {

/// When the next question is due after failures.
struct RetryTerms {
  Duration first{60'000};
  Duration most{3'600'000};
};

/// Until a good response is asked for anew: half of its life, a tenth or two earlier by `jitter`
/// (0 to 1), so that certificates renewed together do not ask together. Past that half (a CA hands
/// out the same response for days) a quarter of what is left, at most an hour. At least a second;
/// at most a week, however long the CA promises: a revocation is to be noticed.
Duration refresh_delay(std::chrono::system_clock::time_point this_update,
                       std::chrono::system_clock::time_point next_update,
                       std::chrono::system_clock::time_point now, double jitter);

/// Until a question is repeated that `failures` times in a row (at least once) had no good answer:
/// twice as long each time, up to a half earlier by `jitter`. Sooner where a staple is at hand that
/// lasts only `left`.
Duration retry_delay(unsigned failures, std::optional<Duration> left, const RetryTerms& terms,
                     double jitter);

}  // namespace wssgate::control
