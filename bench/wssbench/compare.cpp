#include <fmt/format.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "wssbench/command_line.h"
#include "wssbench/comparison.h"

namespace wssgate::bench {
namespace {

int refuse_diff(const std::string& why) {
  std::fputs(fmt::format("wssbench diff: {}\n", why).c_str(), stderr);
  return kUsage;
}

std::optional<std::vector<nlohmann::json>> read_runs(const std::vector<std::string>& files) {
  std::vector<nlohmann::json> runs;
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    nlohmann::json run = nlohmann::json::parse(in, nullptr, false);
    if (run.is_discarded()) {
      refuse_diff(fmt::format("cannot read '{}' as JSON", printable(file)));
      return std::nullopt;
    }
    runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace

int compare(const DiffOptions& options) {
  std::vector<std::string> a = options.a;
  std::vector<std::string> b = options.b;
  if (options.files.size() == 2) {
    a.push_back(options.files[0]);
    b.push_back(options.files[1]);
  }
  if (a.empty() || b.empty() || options.files.size() == 1) {
    return refuse_diff("name two files, or several as --a A1.json A2.json --b B1.json B2.json");
  }
  const auto runs_a = read_runs(a);
  const auto runs_b = read_runs(b);
  if (!runs_a || !runs_b) return kUsage;
  const auto comparison = compare_runs(*runs_a, *runs_b);
  if (!comparison) return refuse_diff(comparison.error().context);
  const std::string text = options.json ? comparison->json().dump() + "\n" : comparison->text();
  std::fputs(text.c_str(), stdout);
  return comparison->slower() ? kErrorsHappened : kGood;
}

}  // namespace wssgate::bench
