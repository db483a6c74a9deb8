#include "wssbench/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace wssgate::bench {
namespace {

// Of the drawing; it is shown as wide as there is room. Small, so that its text can be read on a
// phone.
constexpr double kWidth = 480;
constexpr double kHeight = 250;
constexpr double kLeft = 62;
constexpr double kRight = 12;
constexpr double kTop = 12;
constexpr double kBottom = 42;
constexpr double kBarShare = 0.7;
constexpr std::size_t kMostDots = 60;

/// From values to places in the drawing.
struct Area {
  double x_low;
  double x_high;
  double y_high;

  double x(double value) const {
    const double share = x_high > x_low ? (value - x_low) / (x_high - x_low) : 0;
    return kLeft + std::clamp(share, 0.0, 1.0) * (kWidth - kLeft - kRight);
  }
  double y(double value) const {
    const double share = y_high > 0 ? value / y_high : 0;
    return kHeight - kBottom - std::clamp(share, 0.0, 1.0) * (kHeight - kTop - kBottom);
  }
};

double highest(const std::vector<Curve>& curves) {
  double high = 0;
  for (const Curve& curve : curves) {
    for (const auto& [x, y] : curve.points) high = std::max(high, y);
  }
  return high;
}

std::string path(const Curve& curve, const Area& area) {
  std::string text;
  for (const auto& [x, y] : curve.points) {
    text += fmt::format("{}{:.1f} {:.1f}", text.empty() ? "M" : "L", area.x(x), area.y(y));
  }
  return text;
}

std::string line(const Curve& curve, const Area& area, std::size_t color) {
  if (curve.points.empty()) return "";
  return fmt::format("<path class=\"line c{}\" d=\"{}\"/>", color, path(curve, area));
}

std::string filling(const Curve& curve, const Area& area) {
  if (curve.points.size() < 2) return "";
  return fmt::format("<path class=\"area c0\" d=\"{}L{:.1f} {:.1f}L{:.1f} {:.1f}Z\"/>",
                     path(curve, area), area.x(curve.points.back().first), area.y(0),
                     area.x(curve.points.front().first), area.y(0));
}

/// Invisible but for the pointer, which they tell their values.
std::string dots(const Plot& plot, const Curve& curve, const Area& area, std::size_t color) {
  std::string text;
  const std::size_t step = curve.points.size() / kMostDots + 1;
  for (std::size_t i = 0; i < curve.points.size(); i += step) {
    const auto& [x, y] = curve.points[i];
    text += fmt::format(
        "<circle class=\"dot c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"6\"><title>{}: "
        "{}</title></circle>",
        color, area.x(x), area.y(y), escape_html(curve.name), escape_html(plot.y_label(y)));
  }
  return text;
}

std::string bars(const Plot& plot, const Curve& curve, const Area& area) {
  std::string text;
  const double room = (area.x(plot.x_high) - area.x(plot.x_low)) /
                      std::max(1.0, static_cast<double>(curve.points.size()));
  const double width = std::max(1.0, room * kBarShare);
  for (const auto& [x, y] : curve.points) {
    const double left = std::min(area.x(x), area.x(plot.x_high) - width);
    text += fmt::format(
        "<rect class=\"bar c0\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"><title>{}</title></rect>",
        left, area.y(y), width, area.y(0) - area.y(y), escape_html(plot.y_label(y)));
  }
  return text;
}

std::string axes(const Plot& plot, const Area& area, const std::vector<double>& y_ticks) {
  std::string text;
  for (const double tick : y_ticks) {
    text += fmt::format(
        "<path class=\"grid\" d=\"M{0} {1:.1f}H{2}\"/>"
        "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>",
        kLeft, area.y(tick), kWidth - kRight, kLeft - 6, area.y(tick) + 4,
        escape_html(plot.y_label(tick)));
  }
  for (const Tick& tick : plot.x_ticks) {
    text += fmt::format(
        "<path class=\"grid\" d=\"M{0:.1f} {1}V{2}\"/>"
        "<text x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>",
        area.x(tick.at), kTop, kHeight - kBottom, kHeight - kBottom + 16, escape_html(tick.label));
  }
  return text +
         fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" class=\"name\">{}</text>",
                     (kLeft + kWidth - kRight) / 2, kHeight - 6, escape_html(plot.x_name));
}

std::string legend(const std::vector<Curve>& curves) {
  if (curves.size() < 2) return "";
  std::string text = "<p class=\"legend\">";
  for (std::size_t i = 0; i < curves.size(); ++i) {
    text += fmt::format("<span><i class=\"c{}\"></i>{}</span>", i, escape_html(curves[i].name));
  }
  return text + "</p>";
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::vector<double> round_ticks(double high) {
  if (!(high > 0)) return {0, 1};
  const double rough = high / 4;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.5, 2.0, 1.0}) {
    if (factor * power >= rough) step = factor * power;
  }
  std::vector<double> ticks = {0};
  while (ticks.back() < high * (1 - 1e-9)) ticks.push_back(ticks.back() + step);
  return ticks;
}

std::string Plot::svg() const {
  const std::vector<double> y_ticks = round_ticks(highest(curves));
  const Area area{x_low, x_high, y_ticks.back()};
  std::string text = fmt::format("{}<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
                                 legend(curves), kWidth, kHeight, escape_html(title));
  text += axes(*this, area, y_ticks);
  if (bars) text += bench::bars(*this, curves.front(), area);
  if (fill && !curves.empty()) text += filling(curves.front(), area);
  for (std::size_t i = 0; !bars && i < curves.size(); ++i) {
    text += line(curves[i], area, i) + dots(*this, curves[i], area, i);
  }
  return text + "</svg>";
}

}  // namespace wssgate::bench
