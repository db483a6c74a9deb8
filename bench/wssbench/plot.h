#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace wssgate::bench {

/// What is written between tags or into an attribute.
std::string escape_html(std::string_view text);

/// One curve.
struct Curve {
  std::string name;
  /// x and y in the plot's own units, ascending x.
  std::vector<std::pair<double, double>> points;
};

/// A mark on an axis.
struct Tick {
  double at = 0;
  std::string label;
};

/// Lines or bars over one x axis, as SVG that takes its colours from the page (classes c0, c1, c2).
struct Plot {
  std::string title;
  std::string x_name;
  std::vector<Tick> x_ticks;
  double x_low = 0;
  double x_high = 1;
  /// Writes a y value with its unit.
  std::function<std::string(double)> y_label;
  std::vector<Curve> curves;
  bool bars = false;
  bool fill = false;  ///< under the first curve

  std::string svg() const;
};

/// 0 and up to five round numbers, the last at or above `high`.
std::vector<double> round_ticks(double high);

}  // namespace wssgate::bench
