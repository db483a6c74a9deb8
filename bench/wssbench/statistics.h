#pragma once

#include <cstdint>
#include <vector>

/// Whether two sets of measurements differ, and by how much.
namespace wssgate::bench {

/// What was measured of one side: the seconds of each run.
using Runs = std::vector<std::vector<double>>;

enum class Center : std::uint8_t { mean, median };
double center(const std::vector<double>& values, Center kind);
/// All seconds of all runs.
std::vector<double> pooled(const Runs& runs);

/// How much b is of a, and between what bounds that lies in 95 of 100 cases.
struct Ratio {
  double value = 1;
  double low = 1;
  double high = 1;
};

/// By a bootstrap of runs, and of blocks of seconds within each run, since neighbouring seconds are
/// alike. The same numbers give the same answer. Each side needs a value above 0.
Ratio bootstrap_ratio(const Runs& a, const Runs& b, Center kind);

/// Mann-Whitney: how likely it is that values as different as these come from one distribution
/// (two-sided, normal approximation with ties and continuity). 1 where a side has none.
double mann_whitney(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace wssgate::bench
