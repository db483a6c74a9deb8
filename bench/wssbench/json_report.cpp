#include "wssbench/json_report.h"

#include <nlohmann/json.hpp>

namespace wssgate::bench {
namespace {

using OrderedJson = nlohmann::ordered_json;

double us(double nanoseconds) { return nanoseconds / 1000; }
double us(std::uint64_t nanoseconds) { return us(static_cast<double>(nanoseconds)); }

OrderedJson histogram_json(const Histogram& histogram) {
  OrderedJson buckets = OrderedJson::array();
  for (const auto& [value, count] : histogram.buckets()) {
    buckets.push_back(OrderedJson::array({us(value), count}));
  }
  return {{"unit", "us"},
          {"count", histogram.count()},
          {"min", us(histogram.min())},
          {"mean", us(histogram.mean())},
          {"stdev", us(histogram.stdev())},
          {"p50", us(histogram.percentile(50))},
          {"p90", us(histogram.percentile(90))},
          {"p99", us(histogram.percentile(99))},
          {"p99_9", us(histogram.percentile(99.9))},
          {"max", us(histogram.max())},
          {"histogram", std::move(buckets)}};
}

OrderedJson series_json(const Results& results) {
  OrderedJson series = OrderedJson::array();
  for (const auto& [second, interval] : results.series) {
    // What an open loop finished after its end is in the totals.
    if (static_cast<double>(second) >= results.seconds) break;
    series.push_back({{"at", second},
                      {"count", interval.count},
                      {"errors", interval.errors},
                      {"p50", us(interval.latency.percentile(50))},
                      {"p99", us(interval.latency.percentile(99))},
                      {"max", us(interval.latency.max())}});
  }
  return series;
}

OrderedJson server_json(const Options& options, const Results& results) {
  if (!results.server) return nullptr;
  const ServerFigures& server = *results.server;
  const bool bytes = options.mode == Mode::bulk;
  const double units = static_cast<double>(results.totals.count);
  const double scale = bytes ? 1e9 : 1e6;
  OrderedJson json = {{"pid", server.pid}, {"cpu_seconds", server.cpu.count()}};
  json[bytes ? "cpu_ns_per_unit" : "cpu_us_per_unit"] =
      units > 0 ? OrderedJson(server.cpu.count() * scale / units) : OrderedJson(nullptr);
  json["pss_kib_before"] = server.pss_before;
  json["pss_kib_at_peak"] = server.pss_at_peak;
  json["pss_kib_after"] = server.pss_after;
  const double grown =
      static_cast<double>(server.pss_at_peak) - static_cast<double>(server.pss_before);
  json["pss_bytes_per_tunnel"] =
      results.tunnels_at_peak > 0 && options.mode != Mode::handshake
          ? OrderedJson(grown * 1024 / static_cast<double>(results.tunnels_at_peak))
          : OrderedJson(nullptr);
  return json;
}

}  // namespace

OrderedJson options_json(const Options& options) {
  OrderedJson json = {{"connections", options.connections},
                      {"threads", options.threads},
                      {"duration_ms", options.duration.count()},
                      {"warmup_ms", options.warmup.count()},
                      {"timeout_ms", options.timeout.count()},
                      {"rate", options.rate},
                      {"size", options.size},
                      {"resume", options.resume},
                      {"insecure", options.insecure}};
  if (options.mode == Mode::handshake) {
    constexpr std::array kKinds = {"full", "resumed", "upgrade"};
    json["kind"] = kKinds[static_cast<std::size_t>(options.kind)];
  }
  if (options.mode == Mode::bulk) {
    json["direction"] = options.direction == Direction::up ? "up" : "down";
  }
  if (options.mode == Mode::idle) {
    json["ramp"] = options.ramp;
    json["hold_ms"] = options.hold.count();
    json["echo_at_end"] = options.echo_at_end;
  }
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) json[name] = value;
  };
  add("connect", options.connect);
  add("tls", options.tls);
  add("ciphers", options.ciphers);
  add("groups", options.groups);
  add("subprotocol", options.subprotocol);
  add("subscribe", options.subscribe);
  add("scenario", options.scenario);
  if (!options.sources.empty()) json["sources"] = options.sources;
  return json;
}

OrderedJson to_json(const Options& options, const Results& results) {
  const Totals& totals = results.totals;
  OrderedJson by_reason = OrderedJson::object();
  for (const auto& [reason, times] : totals.errors) by_reason[reason] = times;
  OrderedJson json = {
      {"wssbench", WSSGATE_VERSION},
      {"mode", mode_name(options.mode)},
      {"url", options.url},
      {"address", results.address},
      {"options", options_json(options)},
      {"started", results.started},
      {"seconds", results.seconds},
      {"interrupted", results.interrupted},
      {"work",
       {{"unit", work_unit(options.mode)},
        {"count", totals.count},
        {"per_second", results.per_second()},
        {"messages", totals.messages}}},
      {"errors", {{"total", totals.error_count()}, {"by_reason", std::move(by_reason)}}},
      {"latency", histogram_json(totals.latency)},
      {"connect", histogram_json(totals.connect)},
      {"tls",
       {{"version", totals.tls.version},
        {"cipher", totals.tls.cipher},
        {"group", totals.tls.group},
        {"resumed", totals.resumed},
        {"full", totals.full}}},
      {"series", series_json(results)},
      {"server", server_json(options, results)}};
  const GeneratorFigures& generator = results.generator;
  json["load_generator"] = {{"threads", generator.threads},
                            {"cpu_seconds", generator.cpu.count()},
                            {"busiest_thread", generator.busiest_thread},
                            {"waited_for_cpu", generator.waited_for_cpu},
                            {"late_us_p99", us(totals.lateness.percentile(99))},
                            {"limited", generator.limited},
                            {"notes", generator.notes}};
  if (results.storm) {
    json["storm"] = {{"tunnels", results.storm->tunnels},
                     {"back", results.storm->back},
                     {"recovered_seconds", results.storm->recovered_seconds}};
  }
  return json;
}

}  // namespace wssgate::bench
