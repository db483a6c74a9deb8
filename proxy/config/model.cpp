#include "config/model.h"

#include <fmt/format.h>

#include <map>

namespace wssgate::config {

std::string Hsts::field_value() const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(max_age).count();
  std::string value = fmt::format("max-age={}", seconds);
  if (include_subdomains) value += "; includeSubDomains";
  if (preload) value += "; preload";
  return value;
}

std::vector<std::string> listener_names(const Config& config) {
  std::vector<std::string> names;
  std::map<std::string, int> times;
  for (const Listener& listener : config.listeners) {
    const std::string address = listener.address.value.text();
    const int time = ++times[address];
    names.push_back(time == 1 ? address : fmt::format("{} ({})", address, time));
  }
  return names;
}

}  // namespace wssgate::config
