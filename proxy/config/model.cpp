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

WebSocketTerms WebSocketOverrides::over(const WebSocketTerms& general) const {
  return {.ping_interval = ping_interval.value.value_or(general.ping_interval),
          .ping_timeout = ping_timeout.value.value_or(general.ping_timeout),
          .idle_timeout = idle_timeout.value.value_or(general.idle_timeout),
          .max_age = max_age.value.value_or(general.max_age),
          .max_message = max_message.value.value_or(general.max_message)};
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
