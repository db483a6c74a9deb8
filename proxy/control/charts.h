#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "control/history.h"

namespace wssgate::control {

/// What charts show of the history.
enum class ChartOf : std::uint8_t { tunnels, passing_through, requests, messages, bytes };
double figure_of(const History::Point& point, ChartOf what);

/// How wide charts are.
struct ChartWindow {
  std::size_t points = 0;
  /// Steps of the history that are one of its points.
  std::size_t steps_a_point = 1;
};

struct Chart {
  std::vector<double> points;  ///< oldest first; the last one is still filling
  /// In any step of these points.
  double most = 0;
};

/// A point is the most of its steps of what is open, and the mean of rates. It has the same steps
/// as long as it is shown: points begin at every so manieth step of all `steps` that there have
/// been (History::steps()), of which the last one is the history's last.
Chart chart_of(const History::Points& points, std::uint64_t steps, const ChartWindow& window,
               ChartOf what);

}  // namespace wssgate::control
