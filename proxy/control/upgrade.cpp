#include "control/upgrade.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <csignal>
#include <utility>

#include "base/log.h"

namespace wssgate::control {
namespace {

// Ten thousand certificates are proven in seconds, and names of endpoints may wait for DNS.
constexpr std::chrono::seconds kMostStarting{120};

/// Of a child that is ending.
std::string how_it_ended(pid_t pid) {
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid) return "is gone";
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
  return fmt::format("ended with code {}", WEXITSTATUS(status));
}

}  // namespace

Upgrade::Upgrade(asio::io_context& loop, const Server& server,
                 std::function<void(pid_t)> on_replaced)
    : server_(server), on_replaced_(std::move(on_replaced)), ready_(loop), deadline_(loop) {}

Upgrade::~Upgrade() {
  if (successor_ != 0) ::kill(successor_, SIGTERM);
}

void Upgrade::request(const std::string& cause, Done done) {
  if (done) waiting_.push_back(std::move(done));
  if (successor_ != 0) return;
  auto started = start_successor(server_.listening_sockets());
  if (!started) {
    failed(fmt::format("the new program cannot be started: {}", started.error().context));
    return;
  }
  successor_ = started->pid;
  log::info("upgrading",
            "started the program that is on the disk now; it takes over when it serves",
            {{"cause", cause}, {"pid", static_cast<std::int64_t>(successor_)}});
  ready_.assign(started->ready.release());
  await_ready();
}

void Upgrade::abandon(const std::string& why) {
  if (successor_ == 0) return;
  ::kill(successor_, SIGKILL);
  how_it_ended(std::exchange(successor_, 0));
  failed(why);
}

void Upgrade::await_ready() {
  ready_.async_read_some(asio::buffer(byte_), [this](const asio::error_code& error, std::size_t) {
    if (error == asio::error::operation_aborted) return;
    if (!error) return replaced();
    failed(fmt::format("the new process {} before it served: its own lines in this log say why",
                       how_it_ended(std::exchange(successor_, 0))));
  });
  deadline_.expires_after(kMostStarting);
  deadline_.async_wait([this](const asio::error_code& error) {
    if (error) return;
    ::kill(successor_, SIGKILL);
    how_it_ended(std::exchange(successor_, 0));
    failed(fmt::format("the new process did not serve within {} seconds and was ended",
                       kMostStarting.count()));
  });
}

void Upgrade::replaced() {
  const pid_t pid = std::exchange(successor_, 0);
  log::info("upgraded", "another process serves from now on; this one ends its connections",
            {{"pid", static_cast<std::int64_t>(pid)}});
  finish({.pid = pid, .error = {}});
  on_replaced_(pid);
}

void Upgrade::failed(const std::string& why) {
  log::error("upgrade_failed", "this process goes on serving: no other could take over",
             {{"why", why}});
  finish({.pid = 0, .error = why});
}

void Upgrade::finish(const Outcome& outcome) {
  deadline_.cancel();
  asio::error_code ignored;
  ready_.close(ignored);
  for (const Done& done : std::exchange(waiting_, {})) done(outcome);
}

}  // namespace wssgate::control
