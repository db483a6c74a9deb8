#pragma once

#include <prometheus/metric_family.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/histogram.h"

namespace wssgate::control {

using Labels = std::vector<prometheus::ClientMetric::Label>;

/// Families of metrics, in the order they are added.
class MetricFamilies {
 public:
  /// One family; several can be filled side by side.
  class Family {
   public:
    /// `owner` is borrowed.
    Family(MetricFamilies& owner, std::size_t place) : owner_(owner), place_(place) {}

    Family& value(double value, Labels labels = {});
    Family& value(const Histogram& histogram, Labels labels = {});

   private:
    prometheus::ClientMetric& add(Labels labels);

    MetricFamilies& owner_;
    std::size_t place_;
  };

  Family counter(std::string_view name, std::string_view help);
  Family gauge(std::string_view name, std::string_view help);
  Family histogram(std::string_view name, std::string_view help);

  const std::vector<prometheus::MetricFamily>& all() const { return families_; }

 private:
  Family begin(std::string_view name, std::string_view help, prometheus::MetricType type);

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace wssgate::control
