#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.h"

namespace wssgate::config {

/// A configuration read from a text as the file "c.yaml" in the folder "conf"; none if there was
/// any problem.
struct Loaded {
  std::optional<Config> config;
  std::string problems;
};

inline Loaded load(std::string_view yaml) {
  Report report;
  Loaded loaded;
  Config config = load_text(yaml, "c.yaml", "conf", report);
  if (report.ok()) loaded.config = std::move(config);
  loaded.problems = report.text();
  return loaded;
}

/// The fragment, which comes first, with the required keys that it lacks: a test of one key needs
/// no more than that key.
inline std::string complete(std::string fragment) {
  const auto add = [&](std::string_view key, std::string_view line) {
    if (("\n" + fragment).find("\n" + std::string(key)) == std::string::npos) fragment += line;
  };
  if (!fragment.empty() && fragment.back() != '\n') fragment += '\n';
  add("listeners:", "listeners: [{address: 127.0.0.1:443}]\n");
  add("hosts:", "hosts: [{names: [a.example], routes: [{upstream: web}]}]\n");
  add("upstreams:", "upstreams: {web: {endpoints: [127.0.0.1:3000]}}\n");
  return fragment;
}

/// A text and all that is said about it, without the last line's end.
struct Refusal {
  std::string yaml;
  std::string problems;
};

enum class Text { whole, fragment };

inline void expect_refusals(Text text, const std::vector<Refusal>& refusals) {
  for (const auto& [yaml, problems] : refusals) {
    const Loaded loaded = load(text == Text::fragment ? complete(yaml) : yaml);
    EXPECT_FALSE(loaded.config) << yaml;
    EXPECT_EQ(loaded.problems, problems + "\n") << yaml;
  }
}

}  // namespace wssgate::config
