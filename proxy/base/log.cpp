#include "base/log.h"

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>
#include <utility>

#include "base/text.h"

namespace wssgate::log {
namespace {

// About 16 MiB of lines at worst; a reader that falls further behind loses the oldest.
constexpr std::size_t kQueuedLines = 32'768;
// How long the end of the process waits for the last lines to be taken.
constexpr std::chrono::seconds kLastLines{1};

struct Loggers {
  Format format = Format::text;
  // Plain synchronous stderr until configure(): a refused configuration is reported through it.
  std::shared_ptr<spdlog::logger> operational = std::make_shared<spdlog::logger>(
      "wssgate", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  std::shared_ptr<spdlog::logger> access;
  // A writer each: a reader of the one that has stopped reading does not silence the other.
  std::shared_ptr<spdlog::details::thread_pool> operational_writer;
  std::shared_ptr<spdlog::details::thread_pool> access_writer;

  Loggers() { operational->set_pattern("%v"); }
};

Loggers& loggers() {
  static Loggers instance;
  return instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::off:
      break;
  }
  return spdlog::level::off;
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

/// RFC 3339 in UTC with milliseconds.
std::string timestamp() {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     milliseconds);
}

std::string error_text(int error) { return std::system_category().message(error); }

using Span = std::pair<const Field*, std::size_t>;

// Besides what would be ambiguous, all that a terminal could take for a command.
bool must_quote(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           return c <= ' ' || c >= 0x7f || c == '"' || c == '=';
         });
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
            out +=
                nlohmann::json(value).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
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

std::string json_line(Level level, std::string_view event, std::string_view message, Span fields) {
  nlohmann::ordered_json line;
  line["time"] = timestamp();
  line["level"] = level_word(level);
  line["event"] = event;
  if (!message.empty()) line["message"] = message;
  for (std::size_t i = 0; i < fields.second; ++i) {
    const Field& field = fields.first[i];
    std::visit([&](const auto& value) { line[std::string(field.name)] = value; }, field.value);
  }
  return line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string text_line(Level level, std::string_view event, std::string_view message, Span fields) {
  std::string line = fmt::format("{} {:<5} {}", timestamp(), level_word(level), event);
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

using Writer = std::shared_ptr<spdlog::details::thread_pool>;

Writer make_writer() { return std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1); }

std::shared_ptr<spdlog::logger> make_logger(const std::string& name, spdlog::sink_ptr sink,
                                            const Writer& writer) {
  auto logger = std::make_shared<spdlog::async_logger>(
      name, std::move(sink), writer, spdlog::async_overflow_policy::overrun_oldest);
  logger->set_pattern("%v");
  logger->flush_on(spdlog::level::trace);
  return logger;
}

spdlog::sink_ptr access_sink(const std::string& where) {
  if (where == "stdout") return std::make_shared<spdlog::sinks::stdout_sink_mt>();
  if (where == "stderr") return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  return std::make_shared<spdlog::sinks::basic_file_sink_mt>(where);
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
  all.operational_writer = make_writer();
  all.operational = make_logger("wssgate", std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                all.operational_writer);
  all.operational->set_level(to_spdlog(settings.level));
  all.access.reset();
  all.access_writer.reset();
  if (settings.access == "off") return;
  all.access_writer = make_writer();
  all.access = make_logger("access", access_sink(settings.access), all.access_writer);
}

bool shutdown() {
  Loggers& all = loggers();
  // Dropping a writer writes its queue and joins its thread, before what that thread writes to
  // goes. A reader that has stopped reading must not keep the process from ending.
  std::promise<void> promise;
  auto written = promise.get_future();
  std::thread([writers = std::pair(std::move(all.operational_writer), std::move(all.access_writer)),
               promise = std::move(promise)]() mutable {
    writers.first.reset();
    writers.second.reset();
    promise.set_value();
  }).detach();
  if (written.wait_for(kLastLines) != std::future_status::ready) return false;
  all = Loggers();
  return true;
}

bool enabled(Level level) { return loggers().operational->should_log(to_spdlog(level)); }

void write(Level level, std::string_view event, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  loggers().operational->log(to_spdlog(level),
                             format_line(level, event, message, {fields.begin(), fields.size()}));
}

void access(std::string_view event, const Field* fields, std::size_t count) {
  if (!loggers().access) return;
  loggers().access->info(format_line(Level::info, event, {}, {fields, count}));
}

}  // namespace wssgate::log
