#include "wssbench/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace wssgate::bench {
namespace {

constexpr double kBusy = 0.9;
// Beyond what a load generator and a server on the same processors take from each other.
constexpr double kMuchWaiting = 0.25;
// Later than this, what is measured as latency may be our own delay.
constexpr double kLateUs = 1'000;

std::string more_threads(const GeneratorFigures& generator) {
  const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
  if (generator.threads < processors) {
    return fmt::format("give it more threads (--threads {})",
                       std::min<std::size_t>(processors, generator.threads * 2));
  }
  return "every processor has a thread already: load from another machine, or from several";
}

}  // namespace

void judge_generator(const Options& options, Results& results) {
  GeneratorFigures& generator = results.generator;
  generator.limited = !generator.notes.empty();
  if (generator.busiest_thread > kBusy) {
    generator.limited = true;
    generator.notes.push_back(
        fmt::format("a thread of wssbench was busy for {:.0f} % of the time: "
                    "the server may be able to do more. {}",
                    100 * generator.busiest_thread, more_threads(generator)));
  }
  if (generator.waited_for_cpu > kMuchWaiting) {
    generator.notes.push_back(fmt::format(
        "a thread of wssbench waited for a processor {:.0f} % of the time: the server or other "
        "programs keep this machine busy, and that waiting is in the latencies",
        100 * generator.waited_for_cpu));
  }
  const double late_us = static_cast<double>(results.totals.lateness.percentile(99)) / 1000;
  if (options.open_loop() && late_us > kLateUs) {
    generator.limited = true;
    generator.notes.push_back(
        fmt::format("1 % of the sends left {:.1f} ms or more after their "
                    "time, and that is part of their latency: the machine "
                    "is too busy. Take a machine of its own for the load, or "
                    "a lower --rate",
                    late_us / 1000));
  }
  if (results.totals.unsent > 0) {
    generator.notes.push_back(
        fmt::format("{} sends that were due were never made: the connections "
                    "were still waiting for answers. The server does not keep "
                    "up with --rate, or --connections are too few for it",
                    results.totals.unsent));
  }
}

}  // namespace wssgate::bench
