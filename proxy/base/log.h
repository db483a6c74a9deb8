#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace wssgate::log {

/// warn: the operator should act. info: a request, a connection's end, a state that changed.
/// debug: a phase was passed.
enum class Level : std::uint8_t { debug, info, warn, error, off };
enum class Format : std::uint8_t { text, json };

struct Settings {
  Level level = Level::info;
  Format format = Format::json;
  /// Where the operational log goes: "stdout", "stderr", "off", "syslog", "journald", or a file's
  /// path (appended to).
  std::string output = "stderr";
  /// The same for access lines.
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

/// What lines go to, and how.
struct Loggers;
/// What lines go to now; nothing before configure(). Any thread.
std::optional<Settings> in_use();
/// Opens what these settings name; what lines go to already, and stays, is taken over. Nothing is
/// written there before use(); only one at a time is opened and used. Throws std::runtime_error
/// when a file cannot be opened.
std::shared_ptr<const Loggers> open(const Settings& settings);
/// From now on lines go there; those of before are written where they were to go, and none is lost.
/// The level changes where the settings' has. Before the first one lines go to stderr as text.
/// Any thread, while others write. Throws std::system_error without a thread; all stays then.
void use(std::shared_ptr<const Loggers> opened);
/// Both. Throws as open().
void configure(const Settings& settings);
/// Opens the files anew, since they have been renamed: soon, by the writers' threads. One that
/// cannot be opened is told of, and the one before goes on. Any thread.
void reopen();

/// How many lines of a log were lost since the start: its reader was too slow, or its disk full.
struct Dropped {
  std::string_view log;  // "operational" or "access"; "both" while one writer has both
  std::uint64_t lines = 0;
};
/// Any thread.
std::vector<Dropped> dropped();

/// Writes what is queued and ends the writers' threads. False when a reader did not take its lines
/// within a second: then the process has to end without destroying anything (std::_Exit).
/// `others_write`: other threads may be about to write a line, and lines that come later go
/// nowhere; else they go to stderr.
[[nodiscard]] bool shutdown(bool others_write = false);

/// From now on; any thread.
void set_level(Level level);
bool enabled(Level level);

/// One line of the operational log. `event` is a stable word to filter by, `message` the
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
