#include "control/connection_request.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>

#include "base/text.h"
#include "protocol/http/head.h"

namespace wssgate::control {
namespace {

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// One `key=value`; what is wrong with it, or nothing.
std::string take(ConnectionRequest& request, std::string_view key, const std::string& value) {
  gateway::ConnectionFilter& filter = request.filter;
  if (key == "code") {
    const auto code = number<std::uint32_t>(value);
    if (!code || !gateway::is_close_code(*code)) {
      return fmt::format(
          "'{}' is no code for a Close frame: 1000 to 1014 (not 1004 to 1006), or "
          "3000 to 4999",
          printable(value));
    }
    request.code = static_cast<std::uint16_t>(*code);
    return {};
  }
  request.names_none = false;
  if (key == "id") {
    filter.id = number<std::int64_t>(value);
    return filter.id ? "" : fmt::format("'{}' is no connection's number", printable(value));
  }
  if (key == "host") {
    filter.host = to_lower(value);
    return value.empty() ? "host= has no name" : "";
  }
  if (key == "client") {
    filter.client = Network::parse(value);
    return filter.client ? "" : fmt::format("'{}' is no address or block", printable(value));
  }
  if (key == "older_than") {
    const auto duration = parse_duration(value);
    filter.older_than = duration.value_or(Duration{0});
    return duration ? "" : fmt::format("'{}' is no duration: write 30s, 5m, 2h", printable(value));
  }
  return fmt::format("there is no '{}='; there are id, host, client, older_than and code",
                     printable(key));
}

}  // namespace

Result<ConnectionRequest> parse_connection_request(std::string_view query) {
  ConnectionRequest request;
  if (query.empty()) return request;
  for (const std::string_view each : split(query, '&')) {
    const auto equals = std::min(each.find('='), each.size());
    const auto value = each.substr(std::min(equals + 1, each.size()));
    std::string wrong = take(request, each.substr(0, equals), http::percent_decoded(value));
    if (!wrong.empty()) return Error(Reason::malformed_request, Side::client, std::move(wrong));
  }
  return request;
}

}  // namespace wssgate::control
