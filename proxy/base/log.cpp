#include "base/log.h"

#include <fcntl.h>
#include <fmt/compile.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <future>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "base/line_writer.h"
#include "base/text.h"

namespace wssgate::log {
namespace {

// How long the end of the process waits for the last lines to be taken.
constexpr std::chrono::seconds kLastLines{1};
constexpr std::size_t kUsualLine = 640;
// Of access lines, which come by the thousand: waking a thread and writing for each costs more than
// making it does. Of the others somebody may be waiting for one.
constexpr std::chrono::milliseconds kGatherAccess{10};

struct Loggers {
  Format format = Format::text;
  // A writer each: a reader of the one that has stopped reading does not silence the other.
  // Until configure() there is none, and lines go to stderr at once: a refused configuration is
  // reported so.
  std::unique_ptr<LineWriter> operational;
  std::unique_ptr<LineWriter> access;
};

Loggers& loggers() {
  static Loggers instance;
  return instance;
}

/// Apart from them: it changes while workers write.
std::atomic<Level>& threshold() {
  static std::atomic<Level> level{Level::info};
  return level;
}

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

std::string error_text(int error) { return std::system_category().message(error); }

using Span = std::pair<const Field*, std::size_t>;

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

std::string format_line(Level level, std::string_view event, std::string_view message,
                        Span fields) {
  return loggers().format == Format::json ? json_line(level, event, message, fields)
                                          : text_line(level, event, message, fields);
}

/// Throws std::runtime_error.
int open_file(const std::string& where) {
  const std::filesystem::path folder = std::filesystem::path(where).parent_path();
  std::error_code failed;
  if (!folder.empty()) std::filesystem::create_directories(folder, failed);
  const int fd = ::open(where.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) throw std::runtime_error(fmt::format("{}: {}", where, error_text(errno)));
  return fd;
}

int open_access(const std::string& where) {
  if (where == "stdout") return STDOUT_FILENO;
  return where == "stderr" ? STDERR_FILENO : open_file(where);
}

}  // namespace

std::string access_fault(const Settings& settings) {
  const std::string& where = settings.access;
  if (where.empty() || where == "stdout" || where == "stderr" || where == "off") return {};
  std::error_code ignored;
  std::filesystem::path path = std::filesystem::absolute(where, ignored);
  const bool there = std::filesystem::exists(path, ignored);
  if (there && std::filesystem::is_directory(path, ignored)) return error_text(EISDIR);
  if (there) return ::access(path.c_str(), W_OK) == 0 ? "" : error_text(errno);
  // Missing folders are made; what matters is the one they are made in.
  while (path.has_relative_path() && !std::filesystem::exists(path, ignored)) {
    path = path.parent_path();
  }
  if (!std::filesystem::is_directory(path, ignored)) return error_text(ENOTDIR);
  return ::access(path.c_str(), W_OK | X_OK) == 0 ? "" : error_text(errno);
}

void configure(const Settings& settings) {
  Loggers& all = loggers();
  all.format = settings.format;
  set_level(settings.level);
  all.operational = std::make_unique<LineWriter>(STDERR_FILENO, std::chrono::milliseconds(0));
  all.access.reset();
  if (settings.access == "off") return;
  all.access = std::make_unique<LineWriter>(open_access(settings.access), kGatherAccess);
}

bool shutdown() {
  Loggers& all = loggers();
  // A reader that has stopped reading must not keep the process from ending.
  std::promise<void> promise;
  auto written = promise.get_future();
  std::thread([writers = std::pair(std::move(all.operational), std::move(all.access)),
               promise = std::move(promise)]() mutable {
    writers.first.reset();
    writers.second.reset();
    promise.set_value();
  }).detach();
  if (written.wait_for(kLastLines) != std::future_status::ready) return false;
  all = Loggers();
  set_level(Level::info);
  return true;
}

void set_level(Level level) { threshold().store(level, std::memory_order_relaxed); }

bool enabled(Level level) { return level >= threshold().load(std::memory_order_relaxed); }

void write(Level level, std::string_view event, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  std::string line = format_line(level, event, message, {fields.begin(), fields.size()});
  if (loggers().operational) {
    loggers().operational->add(line);
  } else {
    LineWriter::write_now(STDERR_FILENO, line += '\n');
  }
}

bool writes_access() { return loggers().access != nullptr; }

void access(std::string_view event, const Field* fields, std::size_t count) {
  if (!loggers().access) return;
  loggers().access->add(format_line(Level::info, event, {}, {fields, count}));
}

}  // namespace wssgate::log
