#pragma once

#include <asio/signal_set.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "control/server.h"
#include "net/asio.h"

namespace wssgate::control {

/// Heeds the process's signals, and ends it: after timeouts.drain_delay, in which it only tells
/// that it leaves, no new connections, requests finish, tunnels are closed one after the other, and
/// what is left when timeouts.drain has passed is cut. Belongs to the loop's thread.
class Shutdown {
 public:
  /// SIGUSR1 has the log's files opened anew.
  /// `on_hangup` is called for each SIGHUP before a drain, and `on_upgrade` for each SIGUSR2, which
  /// end nothing; `on_end` when this process is told to end, and has no successor: maybe twice.
  Shutdown(asio::io_context& loop, Server& server, std::function<void()> on_hangup,
           std::function<void()> on_upgrade, std::function<void()> on_end);
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;
  /// From then on SIGUSR1 is ignored.
  ~Shutdown();

  /// As SIGTERM, which it stands for.
  void drain();
  /// Another process has taken over: this one ends when its connections have.
  void replaced();

  /// When this process ends at the latest; nothing while it is to go on.
  std::optional<std::chrono::steady_clock::time_point> deadline() const { return deadline_; }

  /// 0, or 1 when a second signal cut the end short.
  int exit_code() const { return exit_code_; }

 private:
  void await_signal();
  void heed(int signal);
  void tell_end();
  void leave(const std::string& why);
  void begin(const std::string& why, Server::Successor successor);
  void look();
  void tell_progress();
  void cut_short();
  void finish(const std::string& message);

  asio::io_context& loop_;
  Server& server_;
  std::function<void()> on_hangup_;
  std::function<void()> on_upgrade_;
  std::function<void()> on_end_;
  asio::signal_set signals_;
  asio::steady_timer timer_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::chrono::steady_clock::time_point next_progress_;
  /// New connections are taken no more.
  bool begun_ = false;
  /// SIGTERM or SIGINT has come.
  bool signalled_ = false;
  int exit_code_ = 0;
};

}  // namespace wssgate::control
