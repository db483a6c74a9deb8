#include "wssbench/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "wssbench/text_report.h"

namespace wssgate::bench {
namespace {

constexpr std::chrono::milliseconds kRedraw{250};
constexpr std::chrono::seconds kLines{5};

std::string rate(const Options& options, std::uint64_t count) {
  if (options.mode == Mode::bulk) return format_bytes(static_cast<double>(count)) + "/s";
  return fmt::format("{} {}s/s", format_count(static_cast<double>(count)), work_unit(options.mode));
}

}  // namespace

// The first line of a pipe comes when there is something to say.
Progress::Progress(const Options& options)
    : options_(options),
      terminal_(isatty(STDERR_FILENO) == 1),
      next_(Clock::now() + (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kLines))) {}

std::string Progress::line(const Status& status) const {
  const double left = std::max(0.0, status.length - status.elapsed);
  switch (status.phase) {
    case Status::Phase::connecting:
      return fmt::format("connecting: {} of {} tunnels", status.tunnels, status.connections);
    case Status::Phase::warmup:
      return fmt::format("warming up, {:.0f} s left", left);
    case Status::Phase::ending:
      return "waiting for the last answers";
    case Status::Phase::measuring:
      break;
  }
  std::string text = fmt::format("measuring, {:.0f} s left", left);
  if (status.last != nullptr) {
    const Histogram& latency = status.last->latency;
    text += fmt::format(": {}, p50 {}, p99 {}", rate(options_, status.last->count),
                        format_time(double(latency.percentile(50))),
                        format_time(double(latency.percentile(99))));
  }
  return text + fmt::format(", {} errors", format_count(double(status.errors)));
}

void Progress::show(const Status& status) {
  const TimePoint now = Clock::now();
  if (options_.quiet || now < next_) return;
  next_ = now + (terminal_ ? Clock::duration(kRedraw) : Clock::duration(kLines));
  const std::string text = line(status);
  std::fputs((terminal_ ? "\r\x1b[K" + text : text + "\n").c_str(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void Progress::end() {
  if (terminal_ && drawn_) std::fputs("\r\x1b[K", stderr);
}

}  // namespace wssgate::bench
