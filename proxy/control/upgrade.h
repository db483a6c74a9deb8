#pragma once

#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/handover.h"
#include "control/server.h"
#include "net/asio.h"

namespace wssgate::control {

/// Replaces the running program without a refused connection: starts the binary that is on the disk
/// now with this process's listening sockets, and when that serves, has this process drain. Where
/// the new one does not come to serve, this one goes on as if nothing had been asked. Belongs to
/// the loop's thread.
class Upgrade {
 public:
  struct Outcome {
    /// Of the process that serves now; 0 where none does.
    pid_t pid = 0;
    std::string error;
    bool ok() const { return error.empty(); }
  };
  using Done = std::function<void(const Outcome&)>;

  /// `on_replaced` is called with the number of the process that serves from now on.
  Upgrade(asio::io_context& loop, const Server& server, std::function<void(pid_t)> on_replaced);
  /// Ends a successor that does not serve yet.
  ~Upgrade();
  Upgrade(const Upgrade&) = delete;
  Upgrade& operator=(const Upgrade&) = delete;

  /// While one is under way, `done` hears of that one.
  void request(const std::string& cause, Done done = {});
  /// Ends a successor that does not serve yet, if there is one.
  void abandon(const std::string& why);

 private:
  void await_ready();
  void replaced();
  void failed(const std::string& why);
  void finish(const Outcome& outcome);

  const Server& server_;
  std::function<void(pid_t)> on_replaced_;
  asio::posix::stream_descriptor ready_;
  asio::steady_timer deadline_;
  pid_t successor_ = 0;
  std::array<char, 1> byte_{};
  std::vector<Done> waiting_;
};

}  // namespace wssgate::control
