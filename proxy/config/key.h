#pragma once

#include <string_view>

namespace wssgate::config {

enum class Presence {
  optional,
  not_empty,  ///< may be left out, but if it is there it says something
  required,
};

struct Key {
  std::string_view name;
  /// As it would stand after the colon.
  std::string_view example;
  /// For the person who writes the configuration; sentences.
  std::string_view doc;
  Presence presence = Presence::optional;
};

constexpr Key required(std::string_view name, std::string_view example, std::string_view doc) {
  return {name, example, doc, Presence::required};
}

}  // namespace wssgate::config
