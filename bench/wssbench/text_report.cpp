#include "wssbench/text_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace wssgate::bench {
namespace {

struct Scale {
  double factor;
  std::string_view unit;
};

/// In the largest of the units that leaves at least 1; three digits.
template <std::size_t kCount>
std::string scaled(double value, const std::array<Scale, kCount>& scales) {
  const Scale* chosen = &scales[0];
  for (const Scale& scale : scales) {
    if (value >= scale.factor) chosen = &scale;
  }
  const double shown = value / chosen->factor;
  const int digits = shown >= 100 ? 0 : (shown >= 10 ? 1 : 2);
  return fmt::format("{:.{}f} {}", shown, digits, chosen->unit);
}

std::string work_line(const Options& options, const Results& results) {
  const auto count = static_cast<double>(results.totals.count);
  if (options.mode == Mode::bulk) {
    return fmt::format("{} {} in {:.2f} s: {}/s, {} messages", format_bytes(count),
                       options.direction == Direction::up ? "up" : "down", results.seconds,
                       format_bytes(results.per_second()),
                       format_count(double(results.totals.messages)));
  }
  const std::string_view unit = work_unit(options.mode);
  return fmt::format("{} {}{} in {:.2f} s: {}/s", format_count(count), unit, count == 1 ? "" : "s",
                     results.seconds, format_count(results.per_second()));
}

void add(std::string& text, std::string_view name, std::string_view value) {
  text += fmt::format("  {:<12}{}\n", name, value);
}

void add_latency(std::string& text, std::string_view name, const Histogram& histogram) {
  if (histogram.count() == 0) return;
  const auto at = [&](double percent) {
    return format_time(static_cast<double>(histogram.percentile(percent)));
  };
  add(text, name,
      fmt::format("p50 {:>8}   p90 {:>8}   p99 {:>8}   p99.9 {:>8}   max {:>8}", at(50), at(90),
                  at(99), at(99.9), format_time(static_cast<double>(histogram.max()))));
}

void add_tls(std::string& text, const Totals& totals) {
  if (totals.full + totals.resumed == 0) return;
  add(text, "TLS",
      fmt::format("{} {} {}, {} full and {} resumed", totals.tls.version, totals.tls.cipher,
                  totals.tls.group, totals.full, totals.resumed));
}

void add_errors(std::string& text, const Totals& totals) {
  const std::uint64_t count = totals.error_count();
  add(text, "errors", count == 0 ? "none" : format_count(double(count)));
  for (const auto& [reason, times] : totals.errors) {
    text += fmt::format("  {:<12}{:>9}  {}\n", "", format_count(double(times)), printable(reason));
  }
}

void add_server(std::string& text, const Options& options, const Results& results) {
  if (!results.server) return;
  const ServerFigures& server = *results.server;
  const double count = static_cast<double>(results.totals.count);
  std::string line = fmt::format("pid {}: {:.3f} s of CPU", server.pid, server.cpu.count());
  if (results.seconds > 0)
    line += fmt::format(" ({:.0f} %)", 100 * server.cpu.count() / results.seconds);
  if (count > 0 && options.mode == Mode::bulk) {
    line += fmt::format(", {:.3f} ns a byte", server.cpu.count() * 1e9 / count);
  } else if (count > 0) {
    line +=
        fmt::format(", {:.2f} µs a {}", server.cpu.count() * 1e6 / count, work_unit(options.mode));
  }
  add(text, "server", line);
  const auto mib = [](std::uint64_t kib) { return static_cast<double>(kib) / 1024; };
  line = fmt::format("{:.1f} MiB before, {:.1f} with the load, {:.1f} after",
                     mib(server.pss_before), mib(server.pss_at_peak), mib(server.pss_after));
  if (results.tunnels_at_peak > 0 && options.mode != Mode::handshake) {
    const double grown = double(server.pss_at_peak) - double(server.pss_before);
    line += fmt::format(": {:.1f} KB a connection",
                        grown * 1.024 / static_cast<double>(results.tunnels_at_peak));
  }
  add(text, "memory", line);
}

void add_generator(std::string& text, const Results& results) {
  const GeneratorFigures& generator = results.generator;
  if (results.seconds > 0)
    add(text, "load",
        fmt::format("{} thread{}, {:.3f} s of CPU, the busiest {:.0f} %; sends late by {} (p99)",
                    generator.threads, generator.threads == 1 ? "" : "s", generator.cpu.count(),
                    100 * generator.busiest_thread,
                    format_time(static_cast<double>(results.totals.lateness.percentile(99)))));
  if (generator.limited) {
    add(text, "LIMITED", "wssbench itself may have been the limit, not the server:");
  }
  for (const std::string& note : generator.notes) add(text, generator.limited ? "" : "note", note);
}

}  // namespace

std::string format_time(double nanoseconds) {
  static constexpr std::array<Scale, 4> kScales = {Scale{1, "ns"}, Scale{1e3, "µs"},
                                                   Scale{1e6, "ms"}, Scale{1e9, "s"}};
  return nanoseconds == 0 ? "0" : scaled(nanoseconds, kScales);
}

std::string format_bytes(double bytes) {
  static constexpr std::array<Scale, 5> kScales = {
      Scale{1, "B"}, Scale{1e3, "kB"}, Scale{1e6, "MB"}, Scale{1e9, "GB"}, Scale{1e12, "TB"}};
  return bytes == 0 ? "0" : scaled(bytes, kScales);
}

std::string format_count(double count) {
  if (count != 0 && count < 100 && count != double(std::uint64_t(count)))
    return fmt::format("{:.2f}", count);
  std::string digits = fmt::format("{:.0f}", count);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string to_text(const Options& options, const Results& results) {
  std::string text = fmt::format("\n{} {} ({}), {} connections{}\n", mode_name(options.mode),
                                 printable(options.url), results.address, options.connections,
                                 results.interrupted ? ", ended early" : "");
  if (options.insecure) add(text, "INSECURE", "certificates were not verified (--insecure)");
  if (results.seconds > 0) add(text, "work", work_line(options, results));
  add_latency(text, "latency", results.totals.latency);
  if (options.mode != Mode::handshake) add_latency(text, "connect", results.totals.connect);
  add_tls(text, results.totals);
  if (results.storm) {
    add(text, "storm",
        fmt::format("{} of {} tunnels back after {:.2f} s", results.storm->back,
                    results.storm->tunnels, results.storm->recovered_seconds));
  }
  add_errors(text, results.totals);
  add_server(text, options, results);
  add_generator(text, results);
  return text;
}

}  // namespace wssgate::bench
