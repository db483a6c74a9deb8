#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/report.h"
#include "config/model.h"
#include "control/reload.h"
#include "control/reload_history.h"
#include "control/retired_snapshots.h"
#include "control/server.h"
#include "net/asio.h"

namespace wssgate::control {

/// Reads the configuration again, at each reload; in a thread of its own.
using LoadConfig = std::function<config::Config(Report&)>;

/// Brings what serves up to what is on the disk: builds everything anew in a thread of its own,
/// proves it, then swaps it in. A configuration that is no good holds back no certificate: then the
/// running one is built again with what is good on the disk. Belongs to the loop's thread.
class Reloader {
 public:
  using Done = std::function<void(const Reload&)>;

  /// `at_start`: what start-up had to warn of.
  Reloader(asio::io_context& loop, Server& server, LoadConfig load, std::vector<Problem> at_start);
  /// Waits for a build that is under way, which may wait for DNS: see `busy`.
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// One that is asked for while another runs follows it; several of these are one.
  void request(std::string cause, Done done = {});

  /// Called after each, when what serves is what it is going to be.
  std::function<void()> on_reloaded;
  /// Called before that with what admin.token holds by now, unless the reload was refused: a bad
  /// token is a reason for it, and the one before goes on.
  std::function<void(std::string token)> on_admin_token;

  const Reload& last() const { return last_; }
  const ReloadHistory& history() const { return history_; }
  /// Reloads since the start, by how they ended.
  struct Counts {
    std::uint64_t good = 0;
    std::uint64_t refused = 0;  ///< or certificates were held back
  };
  const Counts& counts() const { return counts_; }
  /// The configuration that was last read, good or not.
  const config::Config& on_disk() const { return on_disk_; }
  /// A build is under way; it cannot be interrupted.
  bool busy() const { return busy_; }

 private:
  struct Built;
  /// What a build starts from.
  struct Running {
    std::shared_ptr<const gateway::Snapshot> snapshot;
    unsigned workers = 0;
    std::vector<std::string> listeners;
  };

  Built build(const Running& running) const;
  static Built failed(const Running& running, const std::exception& failure);
  void start();
  void finish(Built built);

  asio::io_context& loop_;
  Server& server_;
  const LoadConfig load_;
  const config::Config started_with_;
  Reload last_;
  ReloadHistory history_;
  Counts counts_;
  config::Config on_disk_;
  bool busy_ = false;
  std::string cause_;
  std::string next_cause_;
  std::vector<Done> waiting_;
  std::vector<Done> answering_;
  RetiredSnapshots retired_;
  std::thread builder_;
};

/// Tells the operator what has changed: each certificate that serves now and did not, each problem
/// that is new, and that there are none any more.
void log_reload(const Reload& reload, const Reload& last, const gateway::Snapshot& before,
                const gateway::Snapshot& now);

/// A line for each upstream whose certificate nobody looks at: at the start and after every reload,
/// for whoever has got used to the first one.
void log_unverified_upstreams(const gateway::Snapshot& snapshot);

/// One line of the log for a problem.
void log_problem(const char* event, log::Level level, const Problem& problem);

}  // namespace wssgate::control
