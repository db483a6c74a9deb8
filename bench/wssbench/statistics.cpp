#include "wssbench/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

namespace wssgate::bench {
namespace {

constexpr int kResamples = 4'000;
constexpr double kTail = 0.025;  // on each side of 95 %

using Random = std::mt19937_64;

std::size_t draw(std::size_t count, Random& random) {
  return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
}

/// As many seconds as the run has, in blocks that stay together and go round its end.
void resample_run(const std::vector<double>& run, Random& random, std::vector<double>& out) {
  const auto block = static_cast<std::size_t>(
      std::max(1.0, std::round(std::cbrt(static_cast<double>(run.size())))));
  for (std::size_t taken = 0; taken < run.size();) {
    const std::size_t start = draw(run.size(), random);
    for (std::size_t i = 0; i < block && taken < run.size(); ++i, ++taken) {
      out.push_back(run[(start + i) % run.size()]);
    }
  }
}

std::vector<double> resample(const Runs& runs, Random& random) {
  std::vector<double> out;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& run = runs[draw(runs.size(), random)];
    if (!run.empty()) resample_run(run, random, out);
  }
  return out;
}

double at_share(const std::vector<double>& sorted, double share) {
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(share * last))];
}

/// The sum of the ranks of a's values among all, and what ties take off the variance.
struct Ranks {
  double sum_of_a = 0;
  double ties = 0;
};

Ranks rank(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<std::pair<double, bool>> all;
  all.reserve(a.size() + b.size());
  for (const double value : a) all.emplace_back(value, true);
  for (const double value : b) all.emplace_back(value, false);
  std::sort(all.begin(), all.end());
  Ranks ranks;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    while (end < all.size() && all[end].first == all[begin].first) ++end;
    const double shared = (static_cast<double>(begin + end) + 1) / 2;
    const auto count = static_cast<double>(end - begin);
    for (std::size_t i = begin; i < end; ++i) ranks.sum_of_a += all[i].second ? shared : 0;
    ranks.ties += count * count * count - count;
    begin = end;
  }
  return ranks;
}

}  // namespace

double center(const std::vector<double>& values, Center kind) {
  if (values.empty()) return 0;
  if (kind == Center::mean) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

std::vector<double> pooled(const Runs& runs) {
  std::vector<double> all;
  for (const auto& run : runs) all.insert(all.end(), run.begin(), run.end());
  return all;
}

Ratio bootstrap_ratio(const Runs& a, const Runs& b, Center kind) {
  constexpr std::uint64_t kSeed = 20'240'601;  // any: what counts is that it is always the same
  Random random(kSeed);
  std::vector<double> ratios;
  ratios.reserve(kResamples);
  for (int i = 0; i < kResamples; ++i) {
    const double of_a = center(resample(a, random), kind);
    const double of_b = center(resample(b, random), kind);
    if (of_a > 0) ratios.push_back(of_b / of_a);
  }
  Ratio ratio;
  const double whole = center(pooled(a), kind);
  if (ratios.empty() || !(whole > 0)) return ratio;
  std::sort(ratios.begin(), ratios.end());
  ratio.value = center(pooled(b), kind) / whole;
  ratio.low = std::min(ratio.value, at_share(ratios, kTail));
  ratio.high = std::max(ratio.value, at_share(ratios, 1 - kTail));
  return ratio;
}

double mann_whitney(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty() || b.empty()) return 1;
  const auto n = static_cast<double>(a.size());
  const auto m = static_cast<double>(b.size());
  const Ranks ranks = rank(a, b);
  const double u = ranks.sum_of_a - n * (n + 1) / 2;
  const double all = n + m;
  const double variance = n * m / 12 * (all + 1 - ranks.ties / (all * (all - 1)));
  if (!(variance > 0)) return 1;
  const double away = std::max(0.0, std::abs(u - n * m / 2) - 0.5);
  return std::erfc(away / std::sqrt(variance) / std::sqrt(2.0));
}

}  // namespace wssgate::bench
