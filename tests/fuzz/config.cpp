#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.h"

/// A configuration without a problem has what it needs to serve, and what is left of one with
/// problems can still be looked at; nothing else happens.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  wssgate::Report report;
  const auto config = wssgate::config::load_text(text, "fuzz.yaml", "conf", report);
  if (report.ok() && (config.listeners.empty() || config.hosts.empty())) std::abort();
  for (const auto& host : config.hosts) {
    if (host.names.empty()) std::abort();
  }
  (void)report.text();
  return 0;
}
