#include "wssbench/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "wssbench/failure.h"

namespace wssgate::bench {
namespace {

using Json = nlohmann::json;

// Below this, chance could look like anything.
constexpr std::size_t kFewestSeconds = 5;
constexpr std::size_t kFewestRuns = 3;
constexpr double kSignificant = 0.05;

enum class Better : std::uint8_t { more, less };

Judgement judge(const Ratio& ratio, double chance, Better better) {
  const bool apart = chance < kSignificant && (ratio.low > 1 || ratio.high < 1);
  if (!apart) return Judgement::no_difference_told;
  return (ratio.value > 1) == (better == Better::more) ? Judgement::faster : Judgement::slower;
}

Measure measure(std::string name, std::string unit, const Runs& a, const Runs& b, Center kind,
                Better better, std::size_t fewest) {
  Measure result;
  result.name = std::move(name);
  result.unit = std::move(unit);
  const auto of_a = pooled(a);
  const auto of_b = pooled(b);
  result.a = center(of_a, kind);
  result.b = center(of_b, kind);
  if (!(result.a > 0)) return result;
  result.ratio.value = result.ratio.low = result.ratio.high = result.b / result.a;
  if (of_a.size() < fewest || of_b.size() < fewest) return result;
  result.ratio = bootstrap_ratio(a, b, kind);
  result.chance = mann_whitney(of_a, of_b);
  result.judgement = judge(result.ratio, result.chance, better);
  return result;
}

/// One value of each whole second of each run. Seconds without a value are left out.
Runs seconds_of(const std::vector<Json>& runs, const char* key) {
  Runs all;
  for (const Json& run : runs) {
    auto& seconds = all.emplace_back();
    for (const Json& second : run.at("series")) {
      const bool whole =
          second.at("at").get<double>() + 1 <= run.at("seconds").get<double>() + 1e-6;
      const bool empty = std::string_view(key) != "count" && second.at("count").get<double>() == 0;
      if (whole && !empty) seconds.push_back(second.at(key).get<double>());
    }
  }
  return all;
}

/// One value of each run: where one is null or not there, the run is left out.
Runs values_of(const std::vector<Json>& runs, const Json::json_pointer& at) {
  Runs all;
  for (const Json& run : runs) {
    if (run.contains(at) && run.at(at).is_number()) all.push_back({run.at(at).get<double>()});
  }
  return all;
}

Result<void> check_alike(const std::vector<Json>& a, const std::vector<Json>& b,
                         std::vector<std::string>& notes) {
  const Json& first = a.front();
  for (const auto* side : {&a, &b}) {
    for (const Json& run : *side) {
      if (run.at("mode") != first.at("mode") ||
          run.at("work").at("unit") != first.at("work").at("unit")) {
        return refused(
            fmt::format("one run is of mode {}, another of {}: they do not measure the same",
                        first.at("mode").dump(), run.at("mode").dump()));
      }
      if (run.at("options") != first.at("options")) {
        notes.emplace_back("the runs were not made with the same options");
        return {};
      }
    }
  }
  return {};
}

void add_notes(const std::vector<Json>& a, const std::vector<Json>& b,
               std::vector<std::string>& notes) {
  if (a.size() < kFewestRuns || b.size() < kFewestRuns) {
    notes.push_back(
        fmt::format("fewer than {} runs a side: the intervals cover what varied within the "
                    "runs, not from one run to the next. Repeat both, in turns, and give "
                    "--a A*.json --b B*.json",
                    kFewestRuns));
  }
  for (const auto* side : {&a, &b}) {
    for (const Json& run : *side) {
      if (run.at("load_generator").at("limited").get<bool>()) {
        notes.emplace_back(
            "in a run wssbench itself may have been the limit (load_generator.limited)");
        return;
      }
    }
  }
}

void add_errors(const std::vector<Json>& a, const std::vector<Json>& b,
                std::vector<std::string>& notes) {
  const auto errors = [](const std::vector<Json>& runs) {
    double sum = 0;
    for (const Json& run : runs) sum += run.at("errors").at("total").get<double>();
    return sum;
  };
  if (errors(a) + errors(b) == 0) return;
  notes.push_back(fmt::format("errors: {:.0f} in A, {:.0f} in B", errors(a), errors(b)));
}

std::vector<Measure> measures_of(const std::vector<Json>& a, const std::vector<Json>& b) {
  const auto unit = a.front().at("work").at("unit").get<std::string>();
  std::vector<Measure> all;
  const auto series = [&](const char* key, const std::string& name, const std::string& of,
                          Center kind, Better better) {
    all.push_back(
        measure(name, of, seconds_of(a, key), seconds_of(b, key), kind, better, kFewestSeconds));
  };
  series("count", "throughput", unit + "s/s", Center::mean, Better::more);
  series("p50", "latency p50", "µs", Center::median, Better::less);
  series("p99", "latency p99", "µs", Center::median, Better::less);
  const auto whole = [&](const char* at, const std::string& name, const std::string& of) {
    const Json::json_pointer place(at);
    const Runs of_a = values_of(a, place);
    const Runs of_b = values_of(b, place);
    if (of_a.empty() || of_b.empty()) return;
    all.push_back(measure(name, of, of_a, of_b, Center::median, Better::less, kFewestRuns));
  };
  whole("/connect/p50", "connect p50", "µs");
  whole("/server/cpu_us_per_unit", "server CPU a " + unit, "µs");
  whole("/server/cpu_ns_per_unit", "server CPU a " + unit, "ns");
  whole("/server/pss_bytes_per_tunnel", "memory a tunnel", "B");
  return all;
}

}  // namespace

std::string_view judgement_text(Judgement judgement) {
  switch (judgement) {
    case Judgement::faster:
      return "B is better";
    case Judgement::slower:
      return "B is worse";
    case Judgement::no_difference_told:
      return "no difference can be told";
    case Judgement::unjudged:
      return "too few runs to tell";
  }
  return "";
}

bool Comparison::slower() const {
  return std::any_of(measures.begin(), measures.end(),
                     [](const Measure& each) { return each.judgement == Judgement::slower; });
}

std::string Comparison::text() const {
  std::string text =
      fmt::format("{:<24}{:>14}{:>14}  {:<8} {:<25}\n", "", "A", "B", "B / A", "95 % of cases");
  for (const Measure& each : measures) {
    const bool judged = each.judgement != Judgement::unjudged;
    const std::string bounds = judged ? fmt::format("{:.3f} to {:.3f}, p {:.3f}", each.ratio.low,
                                                    each.ratio.high, each.chance)
                                      : "-";
    text += fmt::format("{:<24}{:>14.2f}{:>14.2f}  {:<8.3f} {:<25} {}\n",
                        fmt::format("{} ({})", each.name, each.unit), each.a, each.b,
                        each.ratio.value, bounds, judgement_text(each.judgement));
  }
  for (const std::string& note : notes) text += fmt::format("note: {}\n", note);
  return text;
}

nlohmann::ordered_json Comparison::json() const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Measure& each : measures) {
    list.push_back({{"name", each.name},
                    {"unit", each.unit},
                    {"a", each.a},
                    {"b", each.b},
                    {"ratio", each.ratio.value},
                    {"low", each.ratio.low},
                    {"high", each.ratio.high},
                    {"p", each.chance},
                    {"verdict", judgement_text(each.judgement)}});
  }
  return {{"measures", std::move(list)}, {"slower", slower()}, {"notes", notes}};
}

Result<Comparison> compare_runs(const std::vector<Json>& a, const std::vector<Json>& b) {
  Comparison comparison;
  // A file that is no run of ours lacks a field somewhere, and nlohmann-json throws.
  try {
    auto alike = check_alike(a, b, comparison.notes);
    if (!alike) return std::move(alike).error();
    comparison.measures = measures_of(a, b);
    add_errors(a, b, comparison.notes);
    add_notes(a, b, comparison.notes);
  } catch (const Json::exception& error) {
    return refused(fmt::format("a file is none that wssbench --json wrote: {}", error.what()));
  }
  return comparison;
}

}  // namespace wssgate::bench
