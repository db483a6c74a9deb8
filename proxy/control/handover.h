#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "net/fd.h"

namespace wssgate::control {

/// What a process was started with: listening sockets, from systemd (socket activation,
/// sd_listen_fds(3)) or from the wssgate that it is to replace (start_successor).
class Inheritance {
 public:
  Inheritance() = default;
  /// Takes over what the environment tells of and clears it there, so that no child of ours takes
  /// the same. Before any thread starts, once.
  static Inheritance take();

  /// The sockets of a listener (config::listener_names), by its name or else by the address that
  /// they are bound to; they are the caller's from now on.
  std::vector<net::Fd> claim(const std::string& name, const SocketAddress& address);
  /// What nobody has claimed, in words.
  std::vector<std::string> unclaimed() const;

  /// Another wssgate waits for this process to serve.
  bool is_upgrade() const { return static_cast<bool>(ready_); }
  /// Tells it that this process serves now: it ends.
  void tell_ready();

 private:
  struct Socket {
    std::string name;  ///< empty where systemd opened it
    SocketAddress address;
    net::Fd fd;
  };

  void add(int fd, std::string name);

  std::vector<Socket> sockets_;
  std::vector<std::string> strange_;
  net::Fd ready_;
};

/// One listening socket that a successor gets: the name of its listener, and the descriptor.
using HandedOver = std::pair<std::string, int>;

/// A process that has been started and has not said yet that it serves.
struct Successor {
  pid_t pid;
  /// Readable: one byte when it serves, or the end when it is gone.
  net::Fd ready;
};

/// Starts the program that is on the disk now, with the command line of this process, and copies of
/// these sockets. Error: internal_error with the system's words.
Result<Successor> start_successor(const std::vector<HandedOver>& sockets);

}  // namespace wssgate::control
