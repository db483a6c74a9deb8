#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace wssgate::log {

/// warn: the operator should act. info: a request, a connection's end, a state that changed.
/// debug: a phase was passed.
enum class Level : std::uint8_t { debug, info, warn, error, off };
enum class Format : std::uint8_t { text, json };

struct Settings {
  Level level = Level::info;
  Format format = Format::json;
  /// Where access lines go: "stdout", "stderr", "off", or a file's path (appended to).
  std::string access = "stdout";

  bool operator==(const Settings&) const = default;
};

/// One named fact of a line. Strings are borrowed for the call only. Never a payload, a key, a
/// cookie or a query string.
struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;
};
using Fields = std::initializer_list<Field>;

/// Why the access file of these settings could not be written, as the system puts it; empty when it
/// can, or when none is named. Makes nothing.
std::string access_fault(const Settings& settings);

/// Sets up both loggers; call once before threads start. Throws std::runtime_error when the access
/// file cannot be opened. Until then lines go to stderr as text.
void configure(const Settings& settings);
/// Writes what is queued and ends the writers' threads. False when a reader did not take its lines
/// within a second: then the process has to end without destroying anything (std::_Exit).
[[nodiscard]] bool shutdown();

/// From now on; any thread.
void set_level(Level level);
bool enabled(Level level);

/// One line of the operational log (stderr). `event` is a stable word to filter by, `message` the
/// sentence for a person. Any thread; never blocks on a slow reader (the oldest lines give way).
void write(Level level, std::string_view event, std::string_view message, Fields fields = {});

/// Whether there is an access log: who writes a line may save the work.
bool writes_access();
/// One line of the access log: the fields are the whole line.
void access(std::string_view event, const Field* fields, std::size_t count);

inline void debug(std::string_view event, std::string_view message, Fields fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, event, message, fields);
}
inline void info(std::string_view event, std::string_view message, Fields fields = {}) {
  write(Level::info, event, message, fields);
}
inline void warn(std::string_view event, std::string_view message, Fields fields = {}) {
  write(Level::warn, event, message, fields);
}
inline void error(std::string_view event, std::string_view message, Fields fields = {}) {
  write(Level::error, event, message, fields);
}

}  // namespace wssgate::log
