#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace wssgate::log {

/// Where a LineWriter's lines go. All but the constructor is called by its thread alone, and may
/// wait for the reader.
class LineSink {
 public:
  LineSink() = default;
  LineSink(const LineSink&) = delete;
  LineSink& operator=(const LineSink&) = delete;
  virtual ~LineSink() = default;

  /// Whole lines, each with its end. How many of them were lost.
  virtual std::uint64_t write(std::string_view lines) = 0;
  /// What was opened by name is opened anew.
  virtual void reopen() {}

  /// Where lines go now; -1 where that is no file, pipe or terminal of this process. Before the
  /// first write only.
  virtual int descriptor() const { return -1; }
};

/// How lines begin that say how severe they are: "<4>", as sd-daemon(3) has it, with syslog's
/// numbers. Taken off a line's front by take_severity().
std::string_view severity_prefix(int severity);
constexpr int kInformational = 6;
/// kInformational where there is none.
int take_severity(std::string_view& line);

/// Standard output or error, which stay open; `fd` is closed in the end else.
std::unique_ptr<LineSink> descriptor_sink(int fd);

/// Says what went wrong with a sink, and where: called by its thread.
using TellTrouble = std::function<void(std::string_view what)>;

/// Appends to the file, which is made (0640, less the umask) where there is none, as are its
/// folders (0750). A file that has been renamed or removed is opened anew within a second of the
/// next line; where that fails, `tell` is told once, and what was open goes on. A FIFO that nobody
/// reads keeps a pipe's worth. Throws std::runtime_error where it cannot be opened.
std::unique_ptr<LineSink> file_sink(const std::string& path, TellTrouble tell);

/// Of a datagram's text: a line without its end, and its severity.
using Encode = std::function<std::string(std::string_view line, int severity)>;
/// As syslog(3) writes to its socket: facility daemon, local time, "wssgate[PID]: ".
std::string syslog_datagram(std::string_view line, int severity);
/// The fields of systemd-journald's own protocol: MESSAGE, PRIORITY, SYSLOG_IDENTIFIER. A line
/// holds no line end, so that none needs a length.
std::string journal_datagram(std::string_view line, int severity);

constexpr const char* kSyslogSocket = "/dev/log";
constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

/// A datagram a line to the unix socket at `path`, connected to anew where its reader was started
/// again. Lines that cannot be sent are lost.
std::unique_ptr<LineSink> datagram_sink(const std::string& path, Encode encode);

/// Why no datagram can be sent to the unix socket at `path`, as errno has it; 0 where somebody
/// reads there. ECONNREFUSED: who did has ended, and left it.
int datagram_fault(const std::string& path);

/// Whether this descriptor leads to the journal, by systemd's JOURNAL_STREAM: it takes the prefixes
/// then.
bool leads_to_journal(int fd);

/// Whether what is written to both goes to one file, pipe or socket.
bool lead_to_the_same(int one, int other);

}  // namespace wssgate::log
