#include "support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "support/eventually.h"

namespace wssgate::test {
namespace {

std::string content(const std::string& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment, int handed_over) {
  std::vector<std::string> owned = {WSSGATE_BINARY};
  // The variable names the process that it is for, whose number only that process knows.
  if (handed_over >= 0) {
    owned = {"/bin/sh", "-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"", WSSGATE_BINARY};
  }
  owned.insert(owned.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : owned) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::vector<std::string> added = environment;
  std::vector<char*> envp;
  for (std::string& variable : added) envp.push_back(variable.data());
  for (char** variable = environ; *variable != nullptr; ++variable) envp.push_back(*variable);
  envp.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kCreate = O_WRONLY | O_CREAT | O_TRUNC;
  const std::string out = folder_.path() + "/out";
  const std::string error = folder_.path() + "/err";
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), kCreate, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, error.c_str(), kCreate, 0600);
  if (handed_over >= 0) posix_spawn_file_actions_adddup2(&actions, handed_over, 3);
  const int failed = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::system_error(failed, std::system_category(), WSSGATE_BINARY);
}

Process::~Process() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

int Process::wait() {
  int status = 0;
  if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) != 0; })) {
    throw std::runtime_error("wssgate does not end: " + error_output());
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void Process::signal(int number) const { ::kill(pid_, number); }

std::string Process::wait_for_error(const std::string& text) {
  std::string so_far;
  const bool wrote = eventually([&] {
    so_far = error_output();
    return so_far.find(text) != std::string::npos;
  });
  if (wrote) return so_far;
  throw std::runtime_error("wssgate never wrote '" + text + "' but: " + so_far);
}

std::string Process::output() const { return content(folder_.path() + "/out"); }
std::string Process::error_output() const { return content(folder_.path() + "/err"); }

Ended run_wssgate(const std::vector<std::string>& arguments) {
  Process process(arguments);
  const int exit_code = process.wait();
  return {exit_code, process.output(), process.error_output()};
}

}  // namespace wssgate::test
