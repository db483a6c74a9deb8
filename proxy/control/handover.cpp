#include "control/handover.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string_view>

#include "base/errno_text.h"
#include "net/listener.h"

namespace wssgate::control {
namespace {

// sd_listen_fds(3): the first descriptor that is handed over, behind the standard ones.
constexpr int kFirst = 3;
// More than there can be listeners and workers in earnest.
constexpr int kMostSockets = 65536;

// systemd's variables.
constexpr const char* kListenPid = "LISTEN_PID";
constexpr const char* kListenFds = "LISTEN_FDS";
constexpr const char* kListenNames = "LISTEN_FDNAMES";
// Ours: a process cannot know its successor's number beforehand. The names of the listeners, one a
// line, one for each descriptor; and the descriptor that says when the successor serves.
constexpr const char* kNames = "WSSGATE_LISTENERS";
constexpr const char* kReady = "WSSGATE_READY_FD";

std::string taken(const char* variable) {
  const char* const value = std::getenv(variable);
  std::string text = value == nullptr ? "" : value;
  ::unsetenv(variable);
  return text;
}

int number(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

/// What each `terminator` ends.
std::vector<std::string> terminated(const std::string& text, char terminator) {
  std::vector<std::string> all;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find(terminator, from), text.size());
    all.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return all;
}

bool is_listening(int fd) {
  int listening = 0;
  socklen_t length = sizeof listening;
  return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) == 0 && listening != 0;
}

/// As ours are: not for children, never blocking.
void adopt_flags(int fd) {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
}

std::vector<std::string> own_command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return terminated(text, '\0');
}

std::vector<std::string> environment_with(const std::vector<std::string>& more) {
  std::vector<std::string> all;
  for (char** each = environ; *each != nullptr; ++each) all.emplace_back(*each);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  all.reserve(words.size() + 1);
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

Error system_error(std::string_view call, int error) {
  return Error(Reason::internal_error, Side::proxy, fmt::format("{}: {}", call, errno_text(error)));
}

/// The descriptors a child is to have at kFirst, kFirst + 1 …: copies above all those places, so
/// that putting one in its place never closes another.
class Placed {
 public:
  explicit Placed(std::size_t count) : above_(kFirst + static_cast<int>(count) + 1) {
    posix_spawn_file_actions_init(&actions_);
  }
  Placed(const Placed&) = delete;
  Placed& operator=(const Placed&) = delete;
  ~Placed() { posix_spawn_file_actions_destroy(&actions_); }

  /// False, with errno, when there is no descriptor left.
  bool add(int fd) {
    net::Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, above_));
    if (!copy) return false;
    const int place = kFirst + static_cast<int>(copies_.size());
    posix_spawn_file_actions_adddup2(&actions_, copy.get(), place);
    copies_.push_back(std::move(copy));
    return true;
  }

  /// Nothing else is inherited: libraries open descriptors that are not close-on-exec.
  const posix_spawn_file_actions_t* complete() {
    posix_spawn_file_actions_addclosefrom_np(&actions_, kFirst + static_cast<int>(copies_.size()));
    return &actions_;
  }

 private:
  int above_;
  std::vector<net::Fd> copies_;
  posix_spawn_file_actions_t actions_{};
};

/// A program starts with the signals that it would have anywhere: the ones that we ignore or block
/// are our own business.
class DefaultSignals {
 public:
  DefaultSignals() {
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  DefaultSignals(const DefaultSignals&) = delete;
  DefaultSignals& operator=(const DefaultSignals&) = delete;
  ~DefaultSignals() { posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

}  // namespace

Inheritance Inheritance::take() {
  Inheritance all;
  const std::vector<std::string> names = terminated(taken(kNames), '\n');
  for (std::size_t i = 0; i < names.size() && i < kMostSockets; ++i) {
    all.add(kFirst + static_cast<int>(i), names[i]);
  }
  if (const int ready = number(taken(kReady)); ready >= kFirst) {
    all.ready_ = net::Fd(ready);
    ::fcntl(ready, F_SETFD, FD_CLOEXEC);
  }
  const bool is_for_us = number(taken(kListenPid)) == ::getpid();
  const int count = std::min(number(taken(kListenFds)), kMostSockets);
  taken(kListenNames);
  if (!is_for_us || !names.empty()) return all;
  for (int i = 0; i < count; ++i) all.add(kFirst + i, "");
  return all;
}

void Inheritance::add(int fd, std::string name) {
  if (!is_listening(fd)) {
    strange_.push_back(fmt::format("descriptor {}, which is no listening socket", fd));
    return;
  }
  adopt_flags(fd);
  sockets_.push_back({std::move(name), net::bound_address(fd), net::Fd(fd)});
}

std::vector<net::Fd> Inheritance::claim(const std::string& name, const SocketAddress& address) {
  std::vector<net::Fd> claimed;
  std::erase_if(sockets_, [&](Socket& socket) {
    const bool fits =
        socket.name.empty() ? socket.address.text() == address.text() : socket.name == name;
    if (fits) claimed.push_back(std::move(socket.fd));
    return fits;
  });
  return claimed;
}

std::vector<std::string> Inheritance::unclaimed() const {
  std::vector<std::string> all = strange_;
  for (const Socket& socket : sockets_) {
    const std::string address = socket.address.text();
    if (std::find(all.begin(), all.end(), address) == all.end()) all.push_back(address);
  }
  return all;
}

void Inheritance::tell_ready() {
  sockets_.clear();
  if (!ready_) return;
  const char byte = 'R';
  // Fails only where whoever waited is gone, and then there is nobody to tell.
  [[maybe_unused]] const ssize_t told = ::write(ready_.get(), &byte, 1);
  ready_ = net::Fd();
}

Result<Successor> start_successor(const std::vector<HandedOver>& sockets) {
  std::vector<std::string> command = own_command_line();
  if (command.empty()) return system_error("/proc/self/cmdline", ENOENT);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return system_error("pipe", errno);
  net::Fd read_end(pipe[0]);
  const net::Fd write_end(pipe[1]);

  Placed placed(sockets.size() + 1);
  std::string names;
  for (const auto& [name, fd] : sockets) {
    if (!placed.add(fd)) return system_error("a copy of a socket", errno);
    names += name + "\n";
  }
  if (!placed.add(write_end.get())) return system_error("a copy of a pipe", errno);
  const auto ready = kFirst + sockets.size();
  std::vector<std::string> environment =
      environment_with({fmt::format("{}={}", kNames, names), fmt::format("{}={}", kReady, ready)});

  const DefaultSignals signals;
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, command.front().c_str(), placed.complete(), signals.get(),
                                    pointers(command).data(), pointers(environment).data());
  if (failed != 0) return system_error(command.front(), failed);
  return Successor{pid, std::move(read_end)};
}

}  // namespace wssgate::control
