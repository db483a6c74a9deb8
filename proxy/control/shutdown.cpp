#include "control/shutdown.h"

#include <fmt/format.h>

#include <csignal>
#include <utility>

#include "base/log.h"
#include "control/partial_drains.h"
#include "control/service_manager.h"

namespace wssgate::control {
namespace {

using Clock = std::chrono::steady_clock;

// How often a drain looks whether the last connection has ended.
constexpr std::chrono::milliseconds kDrainLook{20};

}  // namespace

Shutdown::Shutdown(asio::io_context& loop, Server& server, std::function<void()> on_hangup,
                   std::function<void()> on_upgrade, std::function<void()> on_end)
    : loop_(loop),
      server_(server),
      on_hangup_(std::move(on_hangup)),
      on_upgrade_(std::move(on_upgrade)),
      on_end_(std::move(on_end)),
      signals_(loop, SIGTERM, SIGINT, SIGHUP),
      timer_(loop) {
  signals_.add(SIGUSR2);
  signals_.add(SIGUSR1);
  await_signal();
}

/// What asio sets back, its default, is death; the process still has its last lines to write.
Shutdown::~Shutdown() {
  asio::error_code failed;
  signals_.remove(SIGUSR1, failed);
  std::signal(SIGUSR1, SIG_IGN);
}

void Shutdown::await_signal() {
  signals_.async_wait([this](const asio::error_code& error, int signal) {
    if (!error) heed(signal);
  });
}

void Shutdown::heed(int signal) {
  if (signal == SIGUSR1) {  // also in a drain: whoever rotates waits for the old file
    log::reopen();
    return await_signal();
  }
  const bool ends = signal == SIGTERM || signal == SIGINT;
  // A drain that was asked for otherwise goes on at the first signal: 'drain', then 'stop', is
  // usual.
  if (ends && std::exchange(signalled_, true)) return cut_short();
  if (signal == SIGINT && !begun_) {  // somebody at a terminal waits
    tell_end();
    begin("interrupted", Server::Successor::none);
  } else if (ends && !deadline_) {
    leave("terminated");
  } else if (signal == SIGUSR2) {
    on_upgrade_();
  } else if (signal == SIGHUP && !begun_) {
    on_hangup_();
  }
  await_signal();
}

void Shutdown::drain() {
  if (!deadline_) leave("wssgate drain");
}

void Shutdown::replaced() {
  if (!begun_) begin("replaced by another process", Server::Successor::another_process);
}

/// To whom this process's end is news from the start, whenever its drain begins.
void Shutdown::tell_end() {
  tell_service_manager("STOPPING=1");
  on_end_();
}

void Shutdown::leave(const std::string& why) {
  tell_end();
  const config::Timeouts& timeouts = server_.snapshot()->config.timeouts;
  if (timeouts.drain_delay == Duration(0)) return begin(why, Server::Successor::none);
  deadline_ = Clock::now() + timeouts.drain_delay + timeouts.drain;
  log::info(
      "leaving",
      fmt::format("{}: /readyz says 503, and the drain begins in {}. a second signal ends all "
                  "connections at once",
                  why, format_duration(timeouts.drain_delay)));
  timer_.expires_after(timeouts.drain_delay);
  timer_.async_wait([this, why](const asio::error_code& error) {
    if (!error && !begun_) begin(why, Server::Successor::none);
  });
}

void Shutdown::begin(const std::string& why, Server::Successor successor) {
  begun_ = true;
  const Duration limit = server_.snapshot()->config.timeouts.drain;
  deadline_ = Clock::now() + limit;
  next_progress_ = Clock::now() + kDrainProgress;
  log::info("draining",
            fmt::format("{}: no new connections; within {} the {} open ones finish their requests "
                        "and are closed. a second signal ends them at once",
                        why, format_duration(limit), server_.open_connections()),
            {{"tunnels", static_cast<std::int64_t>(server_.open_tunnels())}});
  server_.drain(successor);
  look();
}

void Shutdown::look() {
  if (server_.open_connections() == 0) return finish("all connections have ended");
  if (Clock::now() >= *deadline_) {
    return finish(fmt::format("the drain limit has passed: ending {} connections",
                              server_.open_connections()));
  }
  if (Clock::now() >= next_progress_) tell_progress();
  timer_.expires_after(kDrainLook);
  timer_.async_wait([this](const asio::error_code& error) {
    if (!error) look();
  });
}

void Shutdown::tell_progress() {
  next_progress_ += kDrainProgress;
  log_drain_progress({}, server_, *deadline_);
}

void Shutdown::cut_short() {
  exit_code_ = 1;
  finish(fmt::format("second signal: ending {} connections", server_.open_connections()));
}

void Shutdown::finish(const std::string& message) {
  log::info("stopping", message);
  loop_.stop();
}

}  // namespace wssgate::control
