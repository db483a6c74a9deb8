#include "trust/command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/errno_text.h"
#include "base/text.h"

namespace wssgate::trust {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostOutput = std::size_t{8} * 1024 * 1024;
constexpr std::size_t kReadSize = std::size_t{16} * 1024;
constexpr int kNotStarted = 127;

/// Ours, but in English, since some answers are read.
std::vector<std::string> english_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    if (!text.starts_with("LC_") && !text.starts_with("LANG")) variables.emplace_back(text);
  }
  variables.emplace_back("LC_ALL=C");
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  all.reserve(texts.size() + 1);
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

bool become(const Identity& identity) {
  // The order matters: who is no longer root may not change groups.
  return ::setgroups(1, &identity.group) == 0 &&
         ::setresgid(identity.group, identity.group, identity.group) == 0 &&
         ::setresuid(identity.user, identity.user, identity.user) == 0;
}

/// In the child, between fork and exec: system calls only.
[[noreturn]] void start(char* const* argv, char* const* environment, int output,
                        const std::optional<Identity>& as) {
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (!as || become(*as)) ::execve(argv[0], argv, environment);
  ::_exit(kNotStarted);
}

/// What comes until the end, or until `deadline`: then false.
bool read_all(int fd, Clock::time_point deadline, std::string& output) {
  std::array<char, kReadSize> buffer{};
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd readable{fd, POLLIN, 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0;
    const std::size_t room = kMostOutput - output.size();
    output.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
  }
}

}  // namespace

std::string Finished::last_line() const {
  std::string_view last;
  for (const std::string_view line : split(output, '\n')) {
    if (!line.empty()) last = line;
  }
  if (!last.empty()) return printable(last);
  return exit_code < 0 ? "it did not come to an end" : fmt::format("exit code {}", exit_code);
}

Finished run(const std::vector<std::string>& argv, const std::optional<Identity>& as,
             std::chrono::seconds limit) {
  Finished finished;
  std::vector<std::string> arguments = argv;
  std::vector<std::string> variables = english_environment();
  const auto argument_list = pointers(arguments);
  const auto variable_list = pointers(variables);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    finished.output = errno_text(errno);
    return finished;
  }
  const pid_t child = ::fork();
  if (child == 0) start(argument_list.data(), variable_list.data(), ends[1], as);
  ::close(ends[1]);
  if (child > 0) {
    const bool ended = read_all(ends[0], Clock::now() + limit, finished.output);
    if (!ended) ::kill(child, SIGKILL);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (ended && WIFEXITED(status)) finished.exit_code = WEXITSTATUS(status);
  } else {
    finished.output = errno_text(errno);
  }
  ::close(ends[0]);
  return finished;
}

}  // namespace wssgate::trust
