#include <algorithm>

#include "base/text.h"
#include "protocol/http/fields.h"
#include "protocol/http/head.h"

namespace wssgate::http {

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Header& field : fields_) {
    if (iequals(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields_.begin(), fields_.end(),
                    [&](const Header& field) { return iequals(field.name, name); }));
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
  return std::any_of(fields_.begin(), fields_.end(), [&](const Header& field) {
    return iequals(field.name, name) &&
           any_list_element(field.value,
                            [&](std::string_view element) { return iequals(element, token); });
  });
}

}  // namespace wssgate::http
