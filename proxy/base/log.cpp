#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "base/line_sink.h"
#include "base/line_writer.h"
#include "base/log_line.h"
#include "base/log_places.h"

namespace wssgate::log {
namespace {

// How long the end of the process waits for the last lines to be taken.
constexpr std::chrono::seconds kLastLines{1};
constexpr std::string_view kOperational = "operational";
constexpr std::string_view kAccess = "access";
constexpr std::string_view kBoth = "both";
// Of access lines, which come by the thousand: waking a thread and writing for each costs more than
// making it does. Of the others somebody may be waiting for one.
constexpr std::chrono::milliseconds kGatherAccess{10};

}  // namespace

struct Loggers {
  Settings settings = {.format = Format::text};
  // Until then lines go to stderr at once: a refused configuration is reported so.
  bool configured = false;
  // A writer each: a reader of the one that has stopped reading does not silence the other. The
  // same one where both go to the same place, by whatever names, so that no line is in the midst of
  // another. None for one that is off.
  std::shared_ptr<LineWriter> operational;
  std::shared_ptr<LineWriter> access;
  // Operational lines begin with their severity, for who takes it off. Access lines are of the
  // severity that is meant by none.
  bool severities = false;

  bool shared() const { return access && access == operational; }
};

namespace {

/// All that were in use since the start. Whoever writes a line takes no lock, and may have those
/// before at hand for a moment: they stay, a few hundred bytes for each reload that changes them.
struct History {
  std::mutex mutex;
  std::vector<std::shared_ptr<const Loggers>> all;
};

History& history() {
  static History instance;
  return instance;
}

/// The last of them; null before the first.
std::atomic<const Loggers*>& current() {
  static std::atomic<const Loggers*> instance = nullptr;
  return instance;
}

const Loggers& loggers() {
  static const Loggers not_configured;
  const Loggers* const now = current().load(std::memory_order_acquire);
  return now == nullptr ? not_configured : *now;
}

/// Apart from them: the admin interface changes it, too.
std::atomic<Level>& threshold() {
  static std::atomic<Level> level{Level::info};
  return level;
}

/// Hands a line to one of the writers in use. One that has ended takes none: there are others then,
/// and the line is made for those, or the process ends. `make` is given the Loggers.
template <typename Make>
void deliver(std::shared_ptr<LineWriter> Loggers::*which, LineWriter::Hurry hurry, Make make) {
  const Loggers* used = nullptr;
  for (const Loggers* now = &loggers(); now != used; now = &loggers()) {
    used = now;
    LineWriter* const writer = (now->*which).get();
    if (writer == nullptr || writer->add(make(*now), hurry)) return;
  }
}

void tell_of_file(std::string_view what) {
  error("log_reopen_failed", "the file cannot be opened anew; lines go on to the one that was open",
        {{"error", what}});
}

std::shared_ptr<LineWriter> writer_to(std::unique_ptr<LineSink> sink, std::string_view log,
                                      std::shared_ptr<LineWriter> after) {
  if (!sink) return nullptr;
  const std::chrono::milliseconds gather =
      log == kOperational ? std::chrono::milliseconds(0) : kGatherAccess;
  using Stuck = LineWriter::Stuck;
  const auto tell = [log](std::uint64_t lines) {
    warn("log_lines_dropped",
         "lines were lost, since the log's reader is too slow, its disk is full or nobody reads",
         {{"log", log}, {"lines", static_cast<std::int64_t>(lines)}});
  };
  return std::make_shared<LineWriter>(std::move(sink), gather, tell,
                                      log == kAccess ? Stuck::told : Stuck::silent,
                                      std::move(after));
}

/// Who was the last to write to that place, by its name, and may not have ended yet.
std::shared_ptr<LineWriter> writer_before(const std::string& where) {
  History& before = history();
  const std::lock_guard lock(before.mutex);
  for (auto each = before.all.rbegin(); each != before.all.rend(); ++each) {
    const Loggers& its = **each;
    if (where == its.settings.output) return its.operational;
    if (where == its.settings.access) return its.access;
  }
  return nullptr;
}

/// A log each, and the writer that it has.
std::vector<std::pair<std::string_view, const LineWriter*>> writers(const Loggers& loggers) {
  if (loggers.shared()) return {{kBoth, loggers.access.get()}};
  return {{kOperational, loggers.operational.get()}, {kAccess, loggers.access.get()}};
}

}  // namespace

std::optional<Settings> in_use() {
  const Loggers& now = loggers();
  return now.configured ? std::optional(now.settings) : std::nullopt;
}

std::shared_ptr<const Loggers> open(const Settings& settings) {
  const Loggers& now = loggers();
  Sinks sinks = open_sinks(settings.output, settings.access, tell_of_file);
  auto fresh = std::make_shared<Loggers>();
  fresh->settings = settings;
  fresh->configured = true;
  const bool as_before = now.configured && sinks.shared == now.shared();
  const bool same_output = as_before && settings.output == now.settings.output;
  const bool same_access = as_before && settings.access == now.settings.access;
  if (same_output && (same_access || !sinks.shared)) {
    fresh->operational = now.operational;
  } else {
    fresh->operational =
        writer_to(std::move(sinks.operational), sinks.shared ? kBoth : kOperational,
                  writer_before(settings.output));
  }
  if (sinks.shared) {
    fresh->access = fresh->operational;
  } else if (same_access) {
    fresh->access = now.access;
  } else {
    fresh->access = writer_to(std::move(sinks.access), kAccess, writer_before(settings.access));
  }
  fresh->severities = takes_severities(settings.output);
  return fresh;
}

void use(std::shared_ptr<const Loggers> opened) {
  History& before = history();
  const std::lock_guard lock(before.mutex);
  const Loggers& now = loggers();
  // Here, since who has opened them may yield to everybody.
  for (const auto& writer : {opened->operational, opened->access}) {
    if (writer) writer->start();
  }
  const Level level = opened->settings.level;
  if (!now.configured || level != now.settings.level) set_level(level);
  current().store(opened.get(), std::memory_order_release);
  for (const auto& writer : {now.operational, now.access}) {
    if (writer && writer != opened->operational && writer != opened->access) writer->end();
  }
  // Their threads are given back. None is waited for that writes still.
  for (const auto& each : before.all) {
    for (const auto& writer : {each->operational, each->access}) {
      if (writer && writer->has_ended()) writer->finish();
    }
  }
  before.all.push_back(std::move(opened));
}

void configure(const Settings& settings) { use(open(settings)); }

void reopen() {
  const Loggers& all = loggers();
  if (all.operational) all.operational->reopen();
  if (all.access && !all.shared()) all.access->reopen();
}

std::vector<Dropped> dropped() {
  History& history_of_all = history();
  const std::lock_guard lock(history_of_all.mutex);
  std::map<std::string_view, std::uint64_t> lost;
  for (const auto& [log, writer] : writers(loggers())) lost[log];
  std::set<const LineWriter*> counted = {nullptr};
  for (const auto& each : history_of_all.all) {
    for (const auto& [log, writer] : writers(*each)) {
      if (counted.insert(writer).second && writer->lost() > 0) lost[log] += writer->lost();
    }
  }
  std::vector<Dropped> all;
  for (const std::string_view log : {kOperational, kAccess, kBoth}) {
    if (const auto found = lost.find(log); found != lost.end()) all.push_back({log, found->second});
  }
  return all;
}

bool shutdown(bool others_write) {
  History& ending = history();
  std::vector<std::shared_ptr<const Loggers>> all;
  {
    const std::lock_guard lock(ending.mutex);
    all = ending.all;
  }
  // A reader that has stopped reading must not keep the process from ending.
  std::promise<void> promise;
  auto written = promise.get_future();
  std::thread([all = std::move(all), promise = std::move(promise)]() mutable {
    // Access logs first, whose losses the others tell of. The present ones before those whose
    // readers may be why there are others.
    for (const auto& each : all) {
      if (each->access) each->access->end();
    }
    for (auto each = all.rbegin(); each != all.rend(); ++each) {
      for (const auto& writer : {(*each)->access, (*each)->operational}) {
        if (writer) writer->finish();
      }
    }
    all.clear();  // here, or this thread would have the last word of them
    promise.set_value();
  }).detach();
  if (written.wait_for(kLastLines) != std::future_status::ready) return false;
  if (others_write) return true;
  const std::lock_guard lock(ending.mutex);
  current().store(nullptr, std::memory_order_release);
  ending.all.clear();
  set_level(Level::info);
  return true;
}

void set_level(Level level) { threshold().store(level, std::memory_order_relaxed); }

bool enabled(Level level) { return level >= threshold().load(std::memory_order_relaxed); }

void write(Level level, std::string_view event, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  const Span span(fields.begin(), fields.size());
  if (!loggers().configured) {
    const std::string line = format_line(Format::text, level, event, message, span) + '\n';
    (void)LineWriter::write_now(STDERR_FILENO, line);
    return;
  }
  // At once also among access lines: it may be the last before a crash, and say why.
  deliver(&Loggers::operational, LineWriter::Hurry::at_once, [&](const Loggers& its) {
    std::string line = format_line(its.settings.format, level, event, message, span);
    if (its.severities) line.insert(0, severity_prefix(severity_of(level)));
    return line;
  });
}

bool writes_access() { return loggers().access != nullptr; }

void access(std::string_view event, const Field* fields, std::size_t count) {
  deliver(&Loggers::access, LineWriter::Hurry::none, [&](const Loggers& its) {
    return format_line(its.settings.format, Level::info, event, {}, {fields, count});
  });
}

}  // namespace wssgate::log
