#include "base/log_line.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <iterator>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <variant>

#include "base/line_sink.h"
#include "base/text.h"

namespace wssgate::log {
namespace {

constexpr std::size_t kUsualLine = 640;

std::string_view level_word(Level level) {
  switch (level) {
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warn:
      return "warn";
    case Level::error:
    case Level::off:
      break;
  }
  return "error";
}

/// RFC 3339 in UTC, to the second, without its end.
std::string date_and_time(std::time_t seconds) {
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/// RFC 3339 in UTC with milliseconds.
void append_timestamp(std::string& out) {
  thread_local std::time_t second = -1;
  thread_local std::string text;
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  if (seconds != second) {
    second = seconds;
    text = date_and_time(seconds);
  }
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}.{:03}Z"), text, milliseconds);
}

// Besides what would be ambiguous, all that a terminal could take for a command.
bool must_quote(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           return c <= ' ' || c >= 0x7f || c == '"' || c == '=';
         });
}

/// A JSON string of ASCII only; what is no UTF-8 becomes U+FFFD.
void append_quoted(std::string& out, std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
  });
  if (plain) {
    out.append("\"").append(text).append("\"");
  } else {
    out += nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  }
}

/// A fact that does not apply; a person need not read it.
bool is_empty(const Field& field) {
  const auto* const text = std::get_if<std::string_view>(&field.value);
  return text != nullptr && text->empty();
}

void append_text(std::string& out, const Field& field) {
  out += fmt::format(" {}=", field.name);
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          if (must_quote(value)) {
            append_quoted(out, value);
          } else {
            out += value;
          }
        } else if constexpr (std::is_same_v<T, double>) {
          out += fmt::format("{:.6g}", value);
        } else {
          out += fmt::format("{}", value);
        }
      },
      field.value);
}

/// Every request has a line of some twenty of these: nothing here parses a format.
void append_json(std::string& out, const Field& field) {
  out.append(",\"").append(field.name).append("\":");
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          append_quoted(out, value);
        } else if constexpr (std::is_same_v<T, double>) {
          const double number = std::isfinite(value) ? value : 0;
          fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), number);
        } else {
          fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), value);
        }
      },
      field.value);
}

std::string json_line(Level level, std::string_view event, std::string_view message, Span fields) {
  std::string line;
  line.reserve(kUsualLine);
  line += "{\"time\":\"";
  append_timestamp(line);
  line.append("\",\"level\":\"").append(level_word(level));
  line.append("\",\"event\":\"").append(event).append("\"");
  if (!message.empty()) append_json(line, {"message", message});
  for (std::size_t i = 0; i < fields.second; ++i) append_json(line, fields.first[i]);
  line += '}';
  return line;
}

std::string text_line(Level level, std::string_view event, std::string_view message, Span fields) {
  std::string line;
  append_timestamp(line);
  fmt::format_to(std::back_inserter(line), " {:<5} {}", level_word(level), event);
  if (!message.empty()) line += ": " + printable(message, message.size());
  for (std::size_t i = 0; i < fields.second; ++i) {
    if (!is_empty(fields.first[i])) append_text(line, fields.first[i]);
  }
  return line;
}

}  // namespace

int severity_of(Level level) {
  switch (level) {
    case Level::debug:
      return 7;
    case Level::info:
      return kInformational;
    case Level::warn:
      return 4;
    case Level::error:
    case Level::off:
      break;
  }
  return 3;
}

std::string format_line(Format format, Level level, std::string_view event,
                        std::string_view message, Span fields) {
  return format == Format::json ? json_line(level, event, message, fields)
                                : text_line(level, event, message, fields);
}

}  // namespace wssgate::log
