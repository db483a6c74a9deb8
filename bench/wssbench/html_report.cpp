#include "wssbench/html_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/text.h"
#include "wssbench/html_page.h"
#include "wssbench/plot.h"
#include "wssbench/text_report.h"

namespace wssgate::bench {
namespace {

// A peer's words in a report: long enough to know them by.
constexpr std::size_t kMostText = 400;

std::string shown(std::string_view text) { return escape_html(printable(text, kMostText)); }

std::string tile(std::string_view value, std::string_view name, std::string_view kind = "") {
  return fmt::format("<div class=\"tile {}\"><b>{}</b><span>{}</span></div>", kind,
                     escape_html(value), escape_html(name));
}

std::string section(std::string_view title, std::string_view content) {
  return fmt::format("<section><h2>{}</h2>{}</section>\n", escape_html(title), content);
}

std::string row(std::string_view name, std::string_view value) {
  return fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape_html(name), value);
}

std::string time_at(const Histogram& histogram, double percent) {
  return format_time(static_cast<double>(histogram.percentile(percent)));
}

std::string tiles(const Options& options, const Results& results) {
  const Totals& totals = results.totals;
  const bool bytes = options.mode == Mode::bulk;
  const std::string rate =
      bytes ? format_bytes(results.per_second()) : format_count(results.per_second());
  std::string text = tile(rate, fmt::format("{}s a second", work_unit(options.mode)));
  if (totals.latency.count() > 0) {
    text += tile(time_at(totals.latency, 50), "median latency");
    text += tile(time_at(totals.latency, 99), "99 % are faster than");
    text += tile(time_at(totals.latency, 100), "the slowest");
  }
  const std::uint64_t errors = totals.error_count();
  text += tile(format_count(double(errors)), "errors", errors > 0 ? "bad" : "good");
  if (results.server && totals.count > 0) {
    const double each = results.server->cpu.count() * 1e9 / double(totals.count);
    text += tile(bytes ? fmt::format("{:.3f} ns", each) : format_time(each),
                 fmt::format("server CPU a {}", work_unit(options.mode)));
  }
  return "<div class=\"tiles\">" + text + "</div>\n";
}

/// The latency that so many percent do not exceed, with the last percent drawn wide.
Plot percentile_plot(const Histogram& histogram, std::string name) {
  Plot plot;
  plot.title = name + " by percentile";
  plot.x_name = "percentile";
  plot.y_label = format_time;
  const double digits = std::clamp(std::log10(double(histogram.count())), 1.0, 6.0);
  plot.x_high = digits;
  static const std::vector<std::string> kLabels = {"0",     "90",     "99",     "99.9",
                                                   "99.99", "99.999", "99.9999"};
  for (std::size_t i = 0; double(i) <= digits; ++i) plot.x_ticks.push_back({double(i), kLabels[i]});
  Curve curve{std::move(name), {}};
  constexpr int kPoints = 120;
  for (int i = 0; i <= kPoints; ++i) {
    const double x = digits * i / kPoints;
    const double percent = 100 * (1 - std::pow(10, -x));
    curve.points.emplace_back(x, double(histogram.percentile(percent)));
  }
  plot.curves.push_back(std::move(curve));
  plot.fill = true;
  return plot;
}

Plot over_time(const Results& results, std::string title) {
  Plot plot;
  plot.title = std::move(title);
  plot.x_name = "seconds";
  plot.x_high = std::max(1.0, results.seconds);
  for (const double at : round_ticks(plot.x_high)) {
    if (at <= plot.x_high) plot.x_ticks.push_back({at, fmt::format("{}", at)});
  }
  return plot;
}

/// The whole seconds of the measured time.
std::vector<std::pair<double, const Interval*>> seconds_of(const Results& results) {
  std::vector<std::pair<double, const Interval*>> seconds;
  for (const auto& [second, interval] : results.series) {
    if (double(second) < results.seconds) seconds.emplace_back(double(second), &interval);
  }
  return seconds;
}

Plot latency_plot(const Results& results) {
  Plot plot = over_time(results, "Latency over time");
  plot.y_label = format_time;
  plot.curves = {{"median", {}}, {"99 %", {}}, {"slowest", {}}};
  for (const auto& [second, interval] : seconds_of(results)) {
    const Histogram& latency = interval->latency;
    if (latency.count() == 0) continue;
    plot.curves[0].points.emplace_back(second + 0.5, double(latency.percentile(50)));
    plot.curves[1].points.emplace_back(second + 0.5, double(latency.percentile(99)));
    plot.curves[2].points.emplace_back(second + 0.5, double(latency.max()));
  }
  return plot;
}

Plot rate_plot(const Options& options, const Results& results) {
  Plot plot = over_time(results, "Throughput");
  const bool bytes = options.mode == Mode::bulk;
  plot.y_label = [bytes](double value) {
    return bytes ? format_bytes(value) : format_count(value);
  };
  plot.curves = {{fmt::format("{}s a second", work_unit(options.mode)), {}}};
  for (const auto& [second, interval] : seconds_of(results)) {
    // The last one may be less than a second.
    const double length = std::min(1.0, results.seconds - second);
    if (length < 0.1) continue;
    plot.curves[0].points.emplace_back(second + length / 2, double(interval->count) / length);
  }
  plot.fill = true;
  return plot;
}

std::string error_section(const Results& results) {
  const Totals& totals = results.totals;
  if (totals.errors.empty()) return section("Errors", "<p>None.</p>");
  Plot plot = over_time(results, "Errors over time");
  plot.y_label = format_count;
  plot.bars = true;
  plot.curves = {{"errors", {}}};
  for (const auto& [second, interval] : seconds_of(results)) {
    plot.curves[0].points.emplace_back(second, double(interval->errors));
  }
  std::string rows;
  for (const auto& [reason, times] : totals.errors) {
    rows += fmt::format(
        "<tr><th scope=\"row\" class=\"reason\">{}</th>"
        "<td class=\"number bad\">{}</td></tr>",
        shown(reason), format_count(double(times)));
  }
  const std::string drawing = plot.curves[0].points.empty() ? "" : plot.svg();
  return section("Errors", drawing + "<table>" + rows + "</table>");
}

std::string latency_table(const Results& results) {
  std::string rows;
  for (const auto& [second, interval] : seconds_of(results)) {
    rows += fmt::format(
        "<tr><th scope=\"row\">{:.0f}</th><td class=\"number\">{}</td><td class=\"number\">{}</td>"
        "<td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
        second, format_count(double(interval->count)), format_count(double(interval->errors)),
        time_at(interval->latency, 50), time_at(interval->latency, 99),
        time_at(interval->latency, 100));
  }
  return "<details><summary>Every second as a table</summary><div class=\"scroll\" tabindex=\"0\">"
         "<table><tr><th scope=\"col\">second</th><th scope=\"col\" class=\"number\">count</th>"
         "<th scope=\"col\" class=\"number\">errors</th><th scope=\"col\" class=\"number\">p50</th>"
         "<th scope=\"col\" class=\"number\">p99</th><th scope=\"col\" "
         "class=\"number\">max</th></tr>" +
         rows + "</table></div></details>";
}

std::string percentile_table(const Histogram& histogram) {
  std::string rows;
  for (const double percent : {50.0, 75.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    rows += fmt::format("<tr><th scope=\"row\">{} %</th><td class=\"number\">{}</td></tr>", percent,
                        time_at(histogram, percent));
  }
  return fmt::format(
      "<details><summary>{} values as a table</summary><table>{}<tr><th scope=\"row\">mean</th>"
      "<td class=\"number\">{}</td></tr></table></details>",
      format_count(double(histogram.count())), rows, format_time(histogram.mean()));
}

std::string facts(const Options& options, const Results& results) {
  const Totals& totals = results.totals;
  std::string rows = row("address", escape_html(results.address));
  rows += row("connections", format_count(double(options.connections)));
  if (options.open_loop()) rows += row("open loop", format_count(options.rate) + " a second");
  if (totals.full + totals.resumed > 0) {
    rows += row("TLS", fmt::format("{} {} {}", shown(totals.tls.version), shown(totals.tls.cipher),
                                   shown(totals.tls.group)));
    rows += row("handshakes", fmt::format("{} full, {} resumed", format_count(double(totals.full)),
                                          format_count(double(totals.resumed))));
  }
  if (options.insecure) rows += row("certificates", "<b>not verified</b> (--insecure)");
  if (const auto& server = results.server) {
    rows += row("server", fmt::format("pid {}: {:.3f} s of CPU", server->pid, server->cpu.count()));
    rows +=
        row("its memory", fmt::format("{} KiB before, {} with the load, {} after",
                                      server->pss_before, server->pss_at_peak, server->pss_after));
  }
  const GeneratorFigures& generator = results.generator;
  rows += row("wssbench", fmt::format("{} thread{}, {:.3f} s of CPU, the busiest {:.0f} %; sends "
                                      "late by {} (p99)",
                                      generator.threads, generator.threads == 1 ? "" : "s",
                                      generator.cpu.count(), 100 * generator.busiest_thread,
                                      time_at(totals.lateness, 99)));
  return section("The run", "<table>" + rows + "</table>");
}

std::string warning(const GeneratorFigures& generator) {
  if (generator.notes.empty()) return "";
  std::string text = "<div class=\"warn\" role=\"note\"><b>";
  text += generator.limited ? "wssbench itself may have been the limit" : "Note";
  text += "</b><ul>";
  for (const std::string& note : generator.notes) text += "<li>" + escape_html(note) + "</li>";
  return text + "</ul></div>\n";
}

}  // namespace

std::string to_html(const Options& options, const Results& results) {
  const Totals& totals = results.totals;
  const std::string title =
      fmt::format("{} {}", mode_name(options.mode), printable(options.url, kMostText));
  std::string body = fmt::format(
      "<header><h1>{}</h1><p class=\"about\">wssbench {}, {}, {:.1f} s "
      "measured{}</p></header>\n<main>",
      escape_html(title), WSSGATE_VERSION, escape_html(results.started), results.seconds,
      results.interrupted ? ", ended early" : "");
  body += warning(results.generator) + tiles(options, results) + "<div class=\"grid-of\">\n";
  if (totals.latency.count() > 0) {
    body += section("Latency by percentile", percentile_plot(totals.latency, "latency").svg() +
                                                 percentile_table(totals.latency));
    body += section("Latency over time", latency_plot(results).svg() + latency_table(results));
  }
  body += section("Throughput", rate_plot(options, results).svg());
  if (totals.connect.count() > 0) {
    body +=
        section("Connecting, by percentile", percentile_plot(totals.connect, "connecting").svg() +
                                                 percentile_table(totals.connect));
  }
  body += error_section(results) + facts(options, results) + "</div></main>";
  return html_page("wssbench: " + title, body);
}

}  // namespace wssgate::bench
