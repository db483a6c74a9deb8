#include "control/charts.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace wssgate::control {
namespace {

double rounded(double value) { return std::round(value * 10) / 10; }

bool is_rate(ChartOf what) { return what != ChartOf::tunnels && what != ChartOf::passing_through; }

}  // namespace

double figure_of(const History::Point& point, ChartOf what) {
  switch (what) {
    case ChartOf::tunnels:
      return point.tunnels;
    case ChartOf::passing_through:
      return point.passing_through;
    case ChartOf::requests:
      return point.requests;
    case ChartOf::messages:
      return point.messages;
    case ChartOf::bytes:
      break;
  }
  return static_cast<double>(point.bytes_from_clients) + point.bytes_from_upstreams;
}

Chart chart_of(const History::Points& points, std::uint64_t steps, const ChartWindow& window,
               ChartOf what) {
  const std::size_t width = window.steps_a_point;
  const std::uint64_t first = steps - points.size();  // of the steps since the start
  std::size_t at = 0;
  // Of a point that has begun to be forgotten, the rest would be another one at each step.
  if (points.size() == History::kSteps && first % width != 0) at = width - first % width;
  Chart chart;
  std::vector<double> peaks;  // of each point's steps
  while (at < points.size()) {
    const std::size_t end = std::min<std::size_t>(points.size(), at + width - (first + at) % width);
    double sum = 0;
    double most = 0;
    for (std::size_t i = at; i < end; ++i) {
      const double value = figure_of(points[i], what);
      sum += value;
      most = std::max(most, value);
    }
    chart.points.push_back(rounded(is_rate(what) ? sum / static_cast<double>(end - at) : most));
    peaks.push_back(rounded(most));
    at = end;
  }
  // One more than fits: the first and the last are parts.
  if (chart.points.size() > window.points) {
    chart.points.erase(chart.points.begin());
    peaks.erase(peaks.begin());
  }
  for (const double peak : peaks) chart.most = std::max(chart.most, peak);
  return chart;
}

}  // namespace wssgate::control
