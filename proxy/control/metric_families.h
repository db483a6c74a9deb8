#pragma once

#include <prometheus/metric_family.h>

#include <cstdint>
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
  /// One family. Its samples are added to it while no other family is begun.
  class Family {
   public:
    explicit Family(prometheus::MetricFamily& family) : family_(family) {}

    Family& value(double value, Labels labels = {});
    Family& value(const Histogram& histogram, Labels labels = {});

   private:
    prometheus::MetricFamily& family_;
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
