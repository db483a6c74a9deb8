#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problems.h"

namespace wssgate::config {

/// One node of a YAML document with the place it was written. A tree without sharing, so that
/// reading one takes time and memory in proportion to the text.
struct YamlNode {
  /// `reported`: something else stood here, and a problem says so already.
  enum class Kind { nothing, value, list, mapping, reported };

  Kind kind = Kind::nothing;
  Place place;
  /// A value's text; quoted or not makes no difference.
  std::string text;
  /// Of a mapping's children: the key, once in each mapping.
  std::string key;
  Place key_place;
  /// A list's items, or a mapping's values in the order written.
  std::vector<YamlNode> children;

  const YamlNode* find(std::string_view wanted) const;
};

/// The one document of a YAML text. What the configuration does without is a problem rather than
/// a surprise: duplicate keys, keys that are no words, tags, aliases, further documents, control
/// characters, invalid UTF-8, more than 32 levels. A syntax error is one problem and ends the
/// reading; nothing is returned then.
std::optional<YamlNode> parse_yaml(std::string_view text, Problems& problems);

}  // namespace wssgate::config
