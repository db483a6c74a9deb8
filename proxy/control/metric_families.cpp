#include "control/metric_families.h"

#include <cstdint>
#include <limits>
#include <utility>

namespace wssgate::control {

prometheus::ClientMetric& MetricFamilies::Family::add(Labels labels) {
  prometheus::ClientMetric& metric = owner_.families_[place_].metric.emplace_back();
  metric.label = std::move(labels);
  return metric;
}

MetricFamilies::Family& MetricFamilies::Family::value(double value, Labels labels) {
  prometheus::ClientMetric& metric = add(std::move(labels));
  metric.counter.value = metric.gauge.value = value;  // the family's type says which counts
  return *this;
}

MetricFamilies::Family& MetricFamilies::Family::value(const Histogram& histogram, Labels labels) {
  prometheus::ClientMetric& metric = add(std::move(labels));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < histogram.counts().size(); ++i) {
    below += histogram.counts()[i];
    const double bound = i < histogram.bounds().size() ? histogram.bounds()[i]
                                                       : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({below, bound});
  }
  metric.histogram.sample_count = below;
  metric.histogram.sample_sum = histogram.sum();
  return *this;
}

MetricFamilies::Family MetricFamilies::begin(std::string_view name, std::string_view help,
                                             prometheus::MetricType type) {
  prometheus::MetricFamily& family = families_.emplace_back();
  family.name = name;
  family.help = help;
  family.type = type;
  return {*this, families_.size() - 1};
}

MetricFamilies::Family MetricFamilies::counter(std::string_view name, std::string_view help) {
  return begin(name, help, prometheus::MetricType::Counter);
}

MetricFamilies::Family MetricFamilies::gauge(std::string_view name, std::string_view help) {
  return begin(name, help, prometheus::MetricType::Gauge);
}

MetricFamilies::Family MetricFamilies::histogram(std::string_view name, std::string_view help) {
  return begin(name, help, prometheus::MetricType::Histogram);
}

}  // namespace wssgate::control
