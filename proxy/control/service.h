#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "control/admin_routes.h"
#include "control/admin_socket.h"
#include "control/file_watch.h"
#include "control/handover.h"
#include "control/history.h"
#include "control/name_watch.h"
#include "control/nearest_names.h"
#include "control/ocsp_stapler.h"
#include "control/partial_drains.h"
#include "control/process_facts.h"
#include "control/reloader.h"
#include "control/server.h"
#include "control/shutdown.h"
#include "control/snapshot_facts.h"
#include "control/status.h"
#include "control/upgrade.h"

namespace wssgate::control {

/// The process: its workers, and all that happens to it while they serve. Signals, changes of
/// files, the clock and the admin socket lead to a reload; SIGTERM and SIGINT to its end. One
/// thread.
class Service {
 public:
  /// `warnings`: what loading `snapshot` found. `inherited`: whom to tell that this process serves.
  Service(std::shared_ptr<const gateway::Snapshot> snapshot,
          std::vector<ListeningAddress> listening, LoadConfig load, std::vector<Problem> warnings,
          Inheritance inherited = {});

  const Server& server() const { return server_; }

  /// Serves until it is told to end; the exit code. `on_ready` is called when signals are heeded:
  /// whoever is told only then that the process serves may end it at once.
  int run(const std::function<void()>& on_ready);

  /// A reload is under way, and destroying the service would wait for it.
  bool busy() const { return reloader_.busy(); }

 private:
  AdminRoutes admin_routes();
  StatusSources status_sources();
  void open_admin();
  void open_admin_socket();
  void open_admin_port();
  void list_connections(const AdminRequest& request, const SendAnswer& send);
  void close_connections(const AdminRequest& request, const SendAnswer& send);
  void drain(const AdminRequest& request, const SendAnswer& send);
  void upgrade(const std::string& cause, const Upgrade::Done& done);
  void replaced_by(pid_t pid);
  void settle();
  void staple();
  void rebuild_with_staples();
  void watch_files();
  void rotate_tickets_later();
  void check_again_later();
  void take_history();
  std::string dashboard_text();

  const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
  asio::io_context loop_{1};
  Inheritance inherited_;
  /// Before the rest, so that signals are heeded while that comes up.
  Shutdown shutdown_;
  OcspStapler stapler_;
  Server server_;
  PartialDrains partial_drains_;
  Reloader reloader_;
  Upgrade upgrade_;
  FileWatch watch_;
  NameWatch names_;
  asio::steady_timer next_check_;
  asio::steady_timer next_rotation_;
  asio::steady_timer next_step_;
  History history_;
  NearestNames nearest_names_;
  SnapshotFacts facts_;
  ProcessFacts process_;
  std::string dashboard_text_;
  std::chrono::steady_clock::time_point dashboard_made_;
  const AdminRoutes routes_ = admin_routes();
  std::optional<AdminSocket> admin_;
  std::optional<AdminSocket> admin_port_;
};

}  // namespace wssgate::control
