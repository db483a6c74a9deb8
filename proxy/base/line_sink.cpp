#include "base/line_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <utility>

#include "base/address.h"
#include "base/errno_text.h"
#include "base/line_writer.h"

namespace wssgate::log {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPrefix = 3;
// How often a file that lines go to is looked for by its name.
constexpr std::chrono::seconds kBetweenLooks{1};

std::uint64_t lines_in(std::string_view lines) {
  return static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

class DescriptorSink : public LineSink {
 public:
  explicit DescriptorSink(int fd) : fd_(fd) {}
  ~DescriptorSink() override { close(); }

  std::uint64_t write(std::string_view lines) override {
    // What broke off in the middle of a line must not look like the front of the next.
    if (mid_line_) mid_line_ = LineWriter::write_now(fd_, "\n") == 0;
    const std::size_t written = mid_line_ ? 0 : LineWriter::write_now(fd_, lines);
    if (written == lines.size()) return 0;
    if (written > 0) mid_line_ = lines[written - 1] != '\n';
    return lines_in(lines.substr(written));
  }

  int descriptor() const override { return fd_; }

 protected:
  void replace(int fd) {
    close();
    fd_ = fd;
    mid_line_ = false;
  }

 private:
  void close() const {
    if (fd_ != STDOUT_FILENO && fd_ != STDERR_FILENO) ::close(fd_);
  }

  int fd_;
  bool mid_line_ = false;
};

/// As far as it can; opening the file says what is wrong.
void make_folders(const std::filesystem::path& folder) {
  constexpr mode_t kMode = 0750;
  std::filesystem::path made;
  for (const std::filesystem::path& part : folder) {
    made /= part;
    ::mkdir(made.c_str(), kMode);
  }
}

/// -1 and errno where it cannot be opened. Never waits: for a FIFO's reader an ordinary open would.
int open_to_append(const std::string& path) {
  constexpr int kFlags = O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  constexpr mode_t kMode = 0640;
  const int fd = ::open(path.c_str(), O_WRONLY | kFlags, kMode);
  // A FIFO without a reader. With an end of our own it keeps what fits.
  if (fd < 0 && errno == ENXIO) return ::open(path.c_str(), O_RDWR | kFlags, kMode);
  return fd;
}

class FileSink final : public DescriptorSink {
 public:
  FileSink(int fd, std::string path, TellTrouble tell)
      : DescriptorSink(fd), path_(std::move(path)), tell_(std::move(tell)) {}

  std::uint64_t write(std::string_view lines) override {
    if (Clock::now() >= next_look_) look();
    return DescriptorSink::write(lines);
  }

  void reopen() override {
    told_ = false;
    open_anew();
  }

 private:
  /// Whoever renamed it may have no way to tell us, and the process before an upgrade is told
  /// nothing.
  void look() {
    next_look_ = Clock::now() + kBetweenLooks;
    struct stat named {};
    struct stat open {};
    // The first fails where a server of files has removed it (ESTALE).
    const bool same = ::fstat(descriptor(), &open) == 0 && ::stat(path_.c_str(), &named) == 0 &&
                      named.st_dev == open.st_dev && named.st_ino == open.st_ino;
    if (!same) open_anew();
  }

  void open_anew() {
    next_look_ = Clock::now() + kBetweenLooks;
    const int fresh = open_to_append(path_);
    if (fresh >= 0) {
      told_ = false;
      return replace(fresh);
    }
    const int why = errno;
    if (!std::exchange(told_, true)) tell_(fmt::format("{}: {}", path_, errno_text(why)));
  }

  const std::string path_;
  const TellTrouble tell_;
  Clock::time_point next_look_ = Clock::now() + kBetweenLooks;
  bool told_ = false;
};

/// -1 and errno where nobody reads there.
int connect_to(const std::string& path) {
  const auto address = SocketAddress::parse("unix:" + path);
  if (!address) {
    errno = ENAMETOOLONG;
    return -1;
  }
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ::connect(fd, address->get(), address->length()) == 0) return fd;
  const int why = errno;
  ::close(fd);
  errno = why;
  return -1;
}

class DatagramSink final : public LineSink {
 public:
  DatagramSink(std::string path, Encode encode)
      : path_(std::move(path)), encode_(std::move(encode)) {}
  ~DatagramSink() override { close(); }

  std::uint64_t write(std::string_view lines) override {
    std::uint64_t lost = 0;
    while (!lines.empty()) {
      const std::size_t end = std::min(lines.find('\n'), lines.size());
      std::string_view line = lines.substr(0, end);
      lines.remove_prefix(std::min(end + 1, lines.size()));
      const int severity = take_severity(line);
      if (!send(encode_(line, severity))) ++lost;
    }
    return lost;
  }

 private:
  bool send(const std::string& datagram) {
    for (const bool again : {true, false}) {
      if (!connected()) fd_ = connect_to(path_);
      if (!connected()) return false;
      if (send_once(datagram)) return true;
      // Its reader may have been started again; a line that is too long for it stays so.
      if (errno == EMSGSIZE || !again) return false;
      close();
    }
    return false;
  }

  bool send_once(const std::string& datagram) const {
    for (;;) {
      if (::send(fd_, datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) return true;
      if (errno != EINTR) return false;
    }
  }

  bool connected() const { return fd_ >= 0; }

  void close() {
    if (connected()) ::close(std::exchange(fd_, -1));
  }

  const std::string path_;
  const Encode encode_;
  int fd_ = -1;
};

}  // namespace

std::string_view severity_prefix(int severity) {
  constexpr std::array<std::string_view, 8> kPrefixes = {"<0>", "<1>", "<2>", "<3>",
                                                         "<4>", "<5>", "<6>", "<7>"};
  return kPrefixes.at(static_cast<std::size_t>(severity));
}

int take_severity(std::string_view& line) {
  const bool there = line.size() >= kPrefix && line[0] == '<' && line[1] >= '0' && line[1] <= '7' &&
                     line[2] == '>';
  if (!there) return kInformational;
  const int severity = line[1] - '0';
  line.remove_prefix(kPrefix);
  return severity;
}

std::unique_ptr<LineSink> descriptor_sink(int fd) { return std::make_unique<DescriptorSink>(fd); }

std::unique_ptr<LineSink> file_sink(const std::string& path, TellTrouble tell) {
  make_folders(std::filesystem::path(path).parent_path());
  const int fd = open_to_append(path);
  if (fd < 0) throw std::runtime_error(fmt::format("{}: {}", path, errno_text(errno)));
  return std::make_unique<FileSink>(fd, path, std::move(tell));
}

std::string syslog_datagram(std::string_view line, int severity) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  std::array<char, 32> when{};
  // RFC 3164's, which /dev/log takes everywhere: journald does not know RFC 5424's.
  const std::size_t length = std::strftime(when.data(), when.size(), "%b %e %H:%M:%S", &local);
  return fmt::format("<{}>{} wssgate[{}]: {}", LOG_DAEMON | severity,
                     std::string_view(when.data(), length), ::getpid(), line);
}

std::string journal_datagram(std::string_view line, int severity) {
  return fmt::format("PRIORITY={}\nSYSLOG_IDENTIFIER=wssgate\nMESSAGE={}\n", severity, line);
}

std::unique_ptr<LineSink> datagram_sink(const std::string& path, Encode encode) {
  return std::make_unique<DatagramSink>(path, std::move(encode));
}

int datagram_fault(const std::string& path) {
  const int fd = connect_to(path);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

bool leads_to_journal(int fd) {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat open {};
  if (stream == nullptr || ::fstat(fd, &open) != 0) return false;
  return stream == fmt::format("{}:{}", open.st_dev, open.st_ino);
}

bool lead_to_the_same(int one, int other) {
  struct stat first {};
  struct stat second {};
  return ::fstat(one, &first) == 0 && ::fstat(other, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace wssgate::log
