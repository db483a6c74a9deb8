#include "base/log_places.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/errno_text.h"

namespace wssgate::log {
namespace {

const char* socket_of(const std::string& where) {
  if (where == "syslog") return kSyslogSocket;
  return where == "journald" ? kJournalSocket : nullptr;
}

int descriptor_of(const std::string& where) {
  if (where == "stdout") return STDOUT_FILENO;
  return where == "stderr" ? STDERR_FILENO : -1;
}

/// None for "off". Throws std::runtime_error.
std::unique_ptr<LineSink> open_sink(const std::string& where, const TellTrouble& tell) {
  if (where == "off") return nullptr;
  if (const int fd = descriptor_of(where); fd >= 0) return descriptor_sink(fd);
  if (where == "syslog") return datagram_sink(kSyslogSocket, syslog_datagram);
  if (where == "journald") return datagram_sink(kJournalSocket, journal_datagram);
  return file_sink(where, tell);
}

std::string file_fault(const std::string& where) {
  std::error_code ignored;
  std::filesystem::path path = std::filesystem::absolute(where, ignored);
  const bool there = std::filesystem::exists(path, ignored);
  if (there && std::filesystem::is_directory(path, ignored)) return errno_text(EISDIR);
  if (there) return ::access(path.c_str(), W_OK) == 0 ? "" : errno_text(errno);
  // Missing folders are made; what matters is the one they are made in.
  while (path.has_relative_path() && !std::filesystem::exists(path, ignored)) {
    path = path.parent_path();
  }
  if (!std::filesystem::is_directory(path, ignored)) return errno_text(ENOTDIR);
  return ::access(path.c_str(), W_OK | X_OK) == 0 ? "" : errno_text(errno);
}

std::string socket_fault(const std::string& path) {
  const int fault = datagram_fault(path);
  return fault == 0 ? std::string() : fmt::format("{}: {}", path, errno_text(fault));
}

}  // namespace

bool is_socket(const std::string& where) { return socket_of(where) != nullptr; }

std::string output_fault(const std::string& where) {
  if (where.empty() || where == "off" || descriptor_of(where) >= 0) return {};
  if (const char* const socket = socket_of(where)) return socket_fault(socket);
  return file_fault(where);
}

bool takes_severities(const std::string& where) {
  const int fd = descriptor_of(where);
  return is_socket(where) || (fd >= 0 && leads_to_journal(fd));
}

Sinks open_sinks(const std::string& output, const std::string& access, const TellTrouble& tell) {
  Sinks sinks{
      .operational = open_sink(output, tell), .access = nullptr, .shared = output == access};
  if (sinks.shared) return sinks;
  sinks.access = open_sink(access, tell);
  sinks.shared = sinks.operational && sinks.access &&
                 lead_to_the_same(sinks.operational->descriptor(), sinks.access->descriptor());
  // By its name it can be opened anew.
  if (sinks.shared && descriptor_of(output) >= 0) std::swap(sinks.operational, sinks.access);
  if (sinks.shared) sinks.access.reset();
  return sinks;
}

}  // namespace wssgate::log
