#include "protocol/http/request_values.h"

#include "base/text.h"

namespace wssgate::http {
namespace {

/// In "a=1<separator>b=2".
std::optional<std::string_view> value_in(std::string_view pairs, char separator,
                                         std::string_view name) {
  for (;;) {
    const auto end = pairs.find(separator);
    const std::string_view pair = trim(pairs.substr(0, end));
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) == name) {
      return equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    }
    if (end == std::string_view::npos) return std::nullopt;
    pairs.remove_prefix(end + 1);
  }
}

}  // namespace

std::optional<std::string_view> cookie(const Headers& headers, std::string_view name) {
  for (const Header& field : headers) {
    if (!iequals(field.name, "Cookie")) continue;
    if (const auto value = value_in(field.value, ';', name)) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> query_parameter(std::string_view target, std::string_view name) {
  const auto query = target.find('?');
  if (query == std::string_view::npos) return std::nullopt;
  return value_in(target.substr(query + 1), '&', name);
}

}  // namespace wssgate::http
